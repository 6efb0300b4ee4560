import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '#config';

/** The log of a process: JSON lines, or readable ones on a terminal. */
export function makeLogger(name: string, { logLevel }: Pick<Config, 'logLevel'>): Logger {
  const options = { name, level: logLevel };
  return pino(options, process.stdout.isTTY ? pretty({ sync: true, ignore: 'pid,hostname,name' }) : linesOnStdout());
}

/** What is written at the exit is tried for ever where nobody reads it: not when who started this process is gone. */
function linesOnStdout(): DestinationStream {
  const destination = pino.destination(process.stdout.fd);
  const flush = destination.flushSync.bind(destination);
  destination.flushSync = () => {
    if (process.connected !== false) flush();
  };
  return destination;
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
