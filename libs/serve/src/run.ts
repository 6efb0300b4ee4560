import { inspect } from 'node:util';
import type { Logger } from 'pino';
import { type Config, loadConfig } from '#config';
import { CannotStart, EXIT_CANNOT_START } from '#problem';
import { makeLogger } from './logger.js';

/** Something that runs until it is closed. */
export interface Running {
  /** Takes nothing new, lets what is under way finish, and frees everything. Twice is harmless. */
  close(): Promise<void>;
  /** Rejects when it can go on no more. */
  failed?: Promise<unknown>;
}

/** Longer than any drain: then the process ends whatever it still waits for. */
const LAST_RESORT_MS = 15_000;

/**
 * Runs a process: reads its configuration, starts it, and closes it on SIGTERM or SIGINT. A start that can never
 * succeed ends it with one line and the status 78; any other failure with 1.
 */
export async function run(name: string, start: (config: Config, logger: Logger) => Promise<Running>): Promise<void> {
  let running: Running;
  try {
    const config = loadConfig();
    running = await start(config, makeLogger(name, config));
  } catch (error) {
    fail(name, error);
    return;
  }
  running.failed?.catch((error) => fail(name, error));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(name, running));
}

async function stop(name: string, running: Running): Promise<void> {
  setTimeout(() => process.exit(1), LAST_RESORT_MS).unref();
  try {
    await running.close();
    process.exit(0);
  } catch (error) {
    fail(name, error);
  }
}

function fail(name: string, error: unknown): void {
  const fatal = asCannotStart(error);
  if (!fatal) {
    process.stderr.write(`${name}: ${inspect(error)}\n`);
    process.exit(1);
  }
  process.stderr.write(`${name} cannot start: ${fatal.message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  process.exit(EXIT_CANNOT_START);
}

/** A taken or forbidden port, or an unknown host, is a matter of configuration too. */
function asCannotStart(error: unknown): CannotStart | undefined {
  if (error instanceof CannotStart) return error;
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  const { address, port, hostname } = { address: '', port: '', hostname: '', ...error };
  if (error.syscall === 'getaddrinfo' && error.code === 'ENOTFOUND') return new CannotStart(`the host ${hostname} is not known`);
  if (error.syscall !== 'listen') return undefined;
  const reason = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${String(error.code)})`;
  return new CannotStart(`the address ${address}:${port} ${reason}; set another port or end what listens there`);
}
