import type { LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '#config';

/** The log of a process: JSON lines, or readable ones on a terminal. */
export function makeLogger(name: string, { logLevel }: Pick<Config, 'logLevel'>): Logger {
  const options = { name, level: logLevel };
  return process.stdout.isTTY ? pino(options, pretty({ sync: true, ignore: 'pid,hostname,name' })) : pino(options);
}

/** Nest's own messages in our log; what it says about a normal start is of interest to a debugger only. */
export function nestLogger(logger: Logger): LoggerService {
  const write =
    (level: 'debug' | 'warn' | 'error' | 'fatal') =>
    (message: unknown, ...details: unknown[]) => {
      const err = [message, ...details].find((value) => value instanceof Error);
      logger[level]({ err, details: details.filter((value) => value !== err) }, String(message));
    };
  return {
    log: write('debug'),
    debug: write('debug'),
    verbose: write('debug'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
  };
}
