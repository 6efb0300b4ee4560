import { remainingMs } from '#problem';
import type { CallContext } from '#rpc';

/** Kept back from the deadline for what comes after the last call: the join, and sending the answer. */
const ANSWER_RESERVE_MS = 150;
/** The most of what is left of a short deadline that is kept back. */
const ANSWER_RESERVE_SHARE = 0.25;

/** The same asking with a deadline that leaves time to answer. */
export function withReserve(asking: CallContext): CallContext {
  const reserveMs = Math.min(ANSWER_RESERVE_MS, ANSWER_RESERVE_SHARE * remainingMs(asking.deadline));
  return { ...asking, deadline: Math.floor(asking.deadline - reserveMs) };
}
