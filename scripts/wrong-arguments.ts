/** Whether it is what `parseArgs` throws for a command line that it does not know. */
export const isWrongArguments = (error: unknown): error is TypeError =>
  error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
