import {
  type Concert,
  type ConcertsOf,
  type ConcertValue,
  type concertSteps,
  MAX_CONCERTS_PER_DELETE,
  type ReplyOf,
  type RequestOf,
} from '#contracts';
import { numberOf, type SqliteDatabase } from '#database';
import { afterDelete, referenceOf } from './concerts-of.js';
import { SqliteEntities } from './entities.sqlite.js';
import type { SqliteKind } from './kind.sqlite.js';
import { removeAny } from './participant.js';

type DeleteOf = typeof concertSteps.deleteOf;
export type DeleteOperation = { deleteOf(request: RequestOf<DeleteOf>): ReplyOf<DeleteOf> };

const columnOf = { bandId: 'band_id', venueId: 'venue_id', eventId: 'event_id' } as const;

/** Concerts that belong to no execution that has not ended. */
const SETTLED = `(saga is null or saga ->> 'pinned' and json_array_length(saga, '$.holders') = 0)`;

/** How many concerts refer to it, counted up to `limit`. */
export function countReferring(db: SqliteDatabase, of: ConcertsOf, limit: number): number {
  const { field, id } = referenceOf(of);
  const counting = `select count(*) as n from (select 1 from concerts where ${columnOf[field]} = ? limit ?)`;
  return numberOf(db.prepare(counting).get(id, limit)?.n);
}

export function deleteOperation(db: SqliteDatabase, kind: SqliteKind<Concert, ConcertValue>): DeleteOperation {
  const entities = new SqliteEntities(db, kind);
  return {
    deleteOf: ({ of, stepKey, deleted: before = 0 }) => {
      const { field, id } = referenceOf(of);
      const found = entities.liveWhere(`where ${columnOf[field]} = ? and ${SETTLED} limit ?`, id, MAX_CONCERTS_PER_DELETE);
      const writes = found.flatMap((entity) => removeAny(entity, { stepKey }, Date.now()).writes);
      entities.write(entities.withIds(writes), found);
      return afterDelete({ before, deleted: found.length, isAnyLeft: countReferring(db, of, 1) > 0 });
    },
  };
}
