import type { ServiceName } from '#config';
import type { CallContract, ReplyOf, RequestOf } from '#contracts';
import type { CallContext } from './call-context.js';

/** One service, as a caller of it sees it: over TCP, or in a simulation. */
export interface Caller {
  call<C extends CallContract>(contract: C, request: RequestOf<C>, context: CallContext): Promise<ReplyOf<C>>;
}

export type ServiceCallers = Record<ServiceName, Caller>;
