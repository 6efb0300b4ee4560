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
import { afterDelete, deletionsOf, referenceOf } from './concerts-of.js';
import { SqliteEntities } from './entities.sqlite.js';
import type { SqliteKind } from './kind.sqlite.js';

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
    deleteOf: (request) => {
      const { field, id } = referenceOf(request.of);
      const found = entities.byIds((request.concerts ?? []).map((concert) => concert.id));
      const { writes, done } = deletionsOf(request, found, entities.now);
      entities.write(entities.withIds(writes), found);
      return afterDelete({
        deleted: (request.deleted ?? 0) + done + writes.length,
        isProgress: writes.length > 0,
        next: entities.liveWhere(`where ${columnOf[field]} = ? and ${SETTLED} limit ?`, id, MAX_CONCERTS_PER_DELETE),
        isAnyLeft: countReferring(db, request.of, 1) > 0,
      });
    },
  };
}
