/** What travels with a call from service to service. */
export interface CallContext {
  /** When the answer is of no use any more: absolute, in milliseconds since the epoch. */
  deadline: number;
  requestId: string;
  traceId: string;
}
