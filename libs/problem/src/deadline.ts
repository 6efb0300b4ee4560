import { Fault } from './fault.js';

/** Milliseconds left until an absolute deadline (epoch ms); 0 when it has passed. */
export const remainingMs = (deadline: number): number => Math.max(0, deadline - Date.now());

/** Ends work that nobody waits for any more. Long work calls it between its steps. */
export function assertInTime(deadline: number): void {
  if (Date.now() >= deadline) throw new Fault('Timeout', 'the deadline passed before the work was done');
}
