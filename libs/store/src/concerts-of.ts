import type { ConcertsOf, Repeat } from '#contracts';
import { Fault } from '#problem';

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
  const number = count < countLimit(atMost) ? `${count}` : `more than ${count - 1}`;
  throw new Fault('Conflict', `${number} concerts refer to it`);
}

/** @param before how many earlier calls deleted @param deleted how many this one did */
export function afterDelete({
  before,
  deleted,
  isAnyLeft,
}: {
  before: number;
  deleted: number;
  isAnyLeft: boolean;
}): Repeat<{ deleted: number }> | { deleted: number } {
  const total = { deleted: before + deleted };
  if (!isAnyLeft) return total;
  if (deleted === 0) throw new Fault('Unavailable', 'the concerts that are left belong to writes that have not ended');
  return { repeat: total };
}
