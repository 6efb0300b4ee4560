import { Fault } from '#problem';

/** What travels with a call from service to service. */
export interface CallContext {
  /** When the answer is of no use any more: absolute, in milliseconds since the epoch. */
  deadline: number;
  requestId: string;
  traceId: string;
}

/** Milliseconds until the deadline, never below 0. */
export const remainingMs = (deadline: number): number => Math.max(0, deadline - Date.now());

/** Throws `Timeout` when the deadline has passed: called between the steps of long work, whose caller has left. */
export function assertInTime(deadline: number): void {
  if (Date.now() >= deadline) throw new Fault('Timeout', 'the deadline of the call passed before its work was done');
}
