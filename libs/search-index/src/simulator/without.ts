import { byService } from '#config';
import type { CallContract, RequestOf } from '#contracts';
import type { CallContext, Caller, ServiceCallers } from '#rpc';
import type { World } from '#simulation';
import type { ConcertIndices } from '../concert-index.js';

/** What keeps the index right. Each can be taken out, to see that the checker notices. */
export const indexProtections = ['index-version', 'refresh-before-checkpoint', 'tombstone-alias', 'store-id'] as const;
export type IndexProtection = (typeof indexProtections)[number];

export const isIndexProtection = (name: string | undefined): name is IndexProtection =>
  indexProtections.some((protection) => protection === name);

/** When a refresh comes that nobody waited for. */
const REFRESH_AFTER_MS = 3_000;

/** Indices whose refresh is answered before it is done: a checkpoint is stored without it. */
export function refreshingLater(indices: ConcertIndices, world: World): ConcertIndices {
  const refresh = async (name: string) => {
    // A refresh of an index that is gone by then is none.
    world.after(REFRESH_AFTER_MS, () => void indices.refresh(name).catch(() => undefined));
  };
  return new Proxy(indices, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (name === 'refresh') return refresh;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** Callers that are told of the same store for ever, whichever answers. */
export function namingOneStore(callers: ServiceCallers): ServiceCallers {
  const naming = (caller: Caller): Caller => {
    let storeId: unknown;
    return {
      call: async <C extends CallContract>(contract: C, request: RequestOf<C>, context: CallContext) => {
        const reply = await caller.call(contract, request, context);
        if (typeof reply !== 'object' || reply === null || !('storeId' in reply)) return reply;
        storeId ??= reply.storeId;
        return { ...reply, storeId };
      },
    };
  };
  return byService((name) => naming(callers[name]));
}
