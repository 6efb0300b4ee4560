import { type Area, type Circle, type DistanceKey, folded, type Venue, type VenueValue, type venueSteps } from '#contracts';
import { numberOf } from '#database';
import { type Box, boundingBoxes } from '#geo';
import { assertInTime } from '#problem';
import { feedMigration, type SqliteKind, sagaMigration } from './kind.sqlite.js';
import { venueKind } from './kinds.js';
import type { VenueStore, Within } from './port.js';
import { openRecords, SqliteNamedRecords } from './records.sqlite.js';
import { areaTest, idPage, nearestPage, type Placed, unwrapped } from './venue-pages.js';

// The R*Tree holds 32-bit floats, rounded outwards; the exact doubles stand beside them.
const MIGRATIONS = [
  `
  create table venues (
    id integer primary key, key text not null, twin integer not null, folded text not null, document text not null
  ) strict;
  create unique index venues_key on venues (key, twin);
  create index venues_by_name on venues (folded, id);
  create virtual table venue_positions using rtree (id, south, north, west, east, +latitude real, +longitude real);
  `,
  sagaMigration('venues'),
  feedMigration('venues'),
];

export const sqliteVenues: SqliteKind<Venue, VenueValue> = {
  ...venueKind,
  migrations: MIGRATIONS,
  keyColumns: (key) => ({ key: key ?? null }),
  indexed: ({ name }) => ({ folded: folded(name) }),
  alsoWrite: (db, { id, latitude, longitude }) => {
    db.prepare('insert or replace into venue_positions values (?, ?, ?, ?, ?, ?, ?)').run(
      id,
      latitude,
      latitude,
      longitude,
      longitude,
      latitude,
      longitude,
    );
  },
  alsoRemove: (db, id) => {
    db.prepare('delete from venue_positions where id = ?').run(id);
  },
};

export const openSqliteVenues = async (path: string, tombstoneRetentionMs: number): Promise<VenueStore> =>
  new SqliteVenues(await openRecords(path, sqliteVenues), sqliteVenues, tombstoneRetentionMs);

export class SqliteVenues extends SqliteNamedRecords<Venue, VenueValue, typeof venueSteps> implements VenueStore {
  async idsWithin(request: { area: Area; afterId?: number; limit: number }, { deadline }: Within) {
    assertInTime(deadline);
    const { placed, entriesRead } = this.placedWithin(request.area);
    return { items: idPage(placed, request), entriesRead };
  }

  async near(request: { circle: Circle; name?: string; after?: DistanceKey; limit: number }, within: Within) {
    const { placed } = this.placedWithin({ circle: request.circle });
    return nearestPage(placed, request, (ids) => this.byIds(ids, within));
  }

  private placedWithin(area: Area): { placed: Placed[]; entriesRead: number } {
    const boxes = 'circle' in area ? boundingBoxes(area.circle) : unwrapped(area.box);
    const candidates = new Map(boxes.flatMap((box) => this.placedInBox(box)).map((found) => [found.id, found]));
    return { placed: [...candidates.values()].filter(areaTest(area)), entriesRead: candidates.size };
  }

  private placedInBox(box: Box): Placed[] {
    const sql = 'select id, latitude, longitude from venue_positions where south <= ? and north >= ? and west <= ? and east >= ?';
    const statement = this.db.prepare(sql);
    statement.setReturnArrays(true);
    const rows: unknown[] = statement.all(box.north, box.south, box.east, box.west);
    return rows
      .filter((row) => Array.isArray(row))
      .map(([id, latitude, longitude]) => ({ id: numberOf(id), latitude: numberOf(latitude), longitude: numberOf(longitude) }));
  }
}
