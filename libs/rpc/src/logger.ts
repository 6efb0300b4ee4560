type LogLine = (fields: object, message: string) => void;

/** The part of a pino logger that is used here. */
export interface RpcLogger {
  info: LogLine;
  warn: LogLine;
  error: LogLine;
}

const nothing: LogLine = () => undefined;

export const silentLogger: RpcLogger = { info: nothing, warn: nothing, error: nothing };
