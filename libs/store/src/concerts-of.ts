import type { ConcertsOf, concertSteps, ReplyOf, RequestOf } from '#contracts';
import { Fault } from '#problem';
import { type Entity, removeAny } from './participant.js';

/** What concerts refer to, and its id. */
export function referenceOf(of: ConcertsOf): { field: 'bandId' | 'venueId' | 'eventId'; id: number } {
  if ('bandId' in of) return { field: 'bandId', id: of.bandId };
  return 'venueId' in of ? { field: 'venueId', id: of.venueId } : { field: 'eventId', id: of.eventId };
}

/** So many are counted even where one would be too many: enough to tell somebody what stands in the way. */
const COUNTED_AT_LEAST = 1_000;

/** How many concerts are counted before the answer is known. */
export const countLimit = (atMost: number): number => Math.max(atMost, COUNTED_AT_LEAST) + 1;

/** @param count up to `countLimit` */
export function assertAtMost(count: number, atMost: number): void {
  if (count <= atMost) return;
  if (count === 1) throw new Fault('Conflict', '1 concert refers to it');
  const number = count < countLimit(atMost) ? `${count}` : `more than ${count - 1}`;
  throw new Fault('Conflict', `${number} concerts refer to it`);
}

type DeleteOf = RequestOf<typeof concertSteps.deleteOf>;

/**
 * What a call of a cascade deletes of the concerts that the call before saw.
 * @param found those concerts, as they are now
 * @returns `done`: how many an earlier copy of the call has deleted
 */
export function deletionsOf({ stepKey, concerts = [] }: DeleteOf, found: readonly Entity[], now: number) {
  const seen = new Map(concerts.map(({ id, version }) => [id, version]));
  const asSeen = found.filter(({ id, version, saga }) => version === seen.get(id) && saga.pinned && saga.holders.length === 0);
  const isDone = ({ id, saga }: Entity) =>
    saga.lastSteps.some((last) => last.stepKey === stepKey && last.version - 1 === seen.get(id));
  return {
    writes: asSeen.flatMap((concert) => removeAny(concert, { stepKey }, now).writes),
    done: found.filter(isDone).length,
  };
}

/**
 * @param deleted how many this call and those before it did @param isProgress whether this one did any
 * @param next some that can be deleted now
 */
export function afterDelete({
  deleted,
  isProgress,
  next,
  isAnyLeft,
}: {
  deleted: number;
  isProgress: boolean;
  next: readonly Entity[];
  isAnyLeft: boolean;
}): ReplyOf<typeof concertSteps.deleteOf> {
  if (!isAnyLeft) return { deleted };
  if (!isProgress && next.length === 0)
    throw new Fault('Unavailable', 'the concerts that are left belong to writes that have not ended');
  return { repeat: { deleted, concerts: next.map(({ id, version }) => ({ id, version })) } };
}
