import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { afterAll, describe } from '@jest/globals';
import {
  OLDER_NEXT_ID,
  OLDER_VERSION,
  olderBands,
  olderConcerts,
  olderEvents,
  olderStoresTests,
  olderTombstones,
  olderVenues,
} from './older-stores.js';

// The schemas of the first two versions, as they were released.
const STORE = `
  create table store (
    id integer primary key check (id = 1), store_id text not null, next_id integer not null, records integer not null
  ) strict;
`;
const BANDS = `
  create table bands (
    id integer primary key, key text not null, twin integer not null, folded text not null, document text not null
  ) strict;
  create unique index bands_key on bands (key, twin);
  create index bands_by_name on bands (folded, id);
`;
const VENUES = `
  create table venues (
    id integer primary key, key text not null, twin integer not null, folded text not null, document text not null
  ) strict;
  create unique index venues_key on venues (key, twin);
  create index venues_by_name on venues (folded, id);
  create virtual table venue_positions using rtree (id, south, north, west, east, +latitude real, +longitude real);
`;
const EVENTS = `
  create table events (
    id integer primary key, folded text not null, document text not null
  ) strict;
  create index events_by_name on events (folded, id);
`;
const CONCERTS = `
  create table concerts (
    id integer primary key, twin integer not null,
    band_id integer not null, venue_id integer not null, event_id integer, date integer not null,
    status integer not null, cancelled integer not null, document text not null
  ) strict;
  create unique index concerts_key on concerts (band_id, venue_id, date, twin);
  create index concerts_by_date on concerts (cancelled, date, id, venue_id);
  create index concerts_by_band_id on concerts (band_id, cancelled, date, id, venue_id);
  create index concerts_by_venue_id on concerts (venue_id, cancelled, date, id, band_id);
  create index concerts_by_event_id on concerts (event_id, cancelled, date, id) where event_id is not null;
  create index concerts_moved_by_date on concerts (status, date, id, venue_id) where status in (1, 2);
  create index concerts_moved_by_band_id on concerts (band_id, status, date, id) where status in (1, 2);
  create index concerts_moved_by_venue_id on concerts (venue_id, status, date, id) where status in (1, 2);
  create index concerts_moved_by_event_id on concerts (event_id, status, date, id) where status in (1, 2);
`;

const SAGAS = (table: string) => `
  alter table ${table} add column saga text;
  create table tombstones (
    id integer primary key, key text, twin integer not null, version integer not null, saga text not null
  ) strict;
  create unique index tombstones_key on tombstones (key, twin);
`;
const EVENT_KEYS = `
  alter table events add column key text;
  alter table events add column twin integer not null default 0;
  create unique index events_key on events (key, twin) where key is not null;
`;

function makeSecond(db: DatabaseSync, name: string): void {
  db.exec(SAGAS(name) + (name === 'events' ? EVENT_KEYS : ''));
  db.exec('pragma user_version = 2');
  if (name !== 'bands') return;
  const inserting = db.prepare('insert into tombstones (id, key, twin, version, saga) values (?, ?, 0, ?, ?)');
  for (const { id, key, version, saga } of olderTombstones) inserting.run(id, key, version, JSON.stringify(saga));
}

function makeFile(dataDir: string, name: string, schema: string, rows: Record<string, SQLInputValue>[]): DatabaseSync {
  const db = new DatabaseSync(join(dataDir, `${name}.sqlite`));
  db.exec(STORE + schema);
  db.prepare('insert into store (id, store_id, next_id, records) values (1, ?, ?, ?)').run(
    'a store of its own',
    OLDER_NEXT_ID,
    rows.length,
  );
  for (const row of rows) {
    const columns = Object.keys(row);
    const values = Object.values(row);
    db.prepare(`insert into ${name} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`).run(...values);
  }
  db.exec('pragma user_version = 1');
  return db;
}

const documentOf = ({ id, fields }: { id: number; fields: object }): string =>
  JSON.stringify({ id, ...fields, version: OLDER_VERSION });

describe('the SQLite stores', () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  olderStoresTests(async (version) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'backline-older-'));
    folders.push(dataDir);
    const named = ({ fields, ...columns }: (typeof olderBands | typeof olderVenues)[number]) => ({
      ...columns,
      document: documentOf({ id: columns.id, fields }),
    });
    const venues = makeFile(dataDir, 'venues', VENUES, olderVenues.map(named));
    for (const { id, fields } of olderVenues) {
      const { latitude, longitude } = fields;
      const position = [id, latitude, latitude, longitude, longitude, latitude, longitude];
      venues.prepare('insert into venue_positions values (?, ?, ?, ?, ?, ?, ?)').run(...position);
    }
    const events = olderEvents.map(({ id, folded, fields }) => ({ id, folded, document: documentOf({ id, fields }) }));
    const concerts = olderConcerts.map((concert) => ({
      id: concert.id,
      twin: 0,
      band_id: concert.bandId,
      venue_id: concert.venueId,
      event_id: concert.eventId,
      date: concert.date,
      status: concert.status === 'cancelled' ? 3 : 0,
      cancelled: concert.status === 'cancelled' ? 1 : 0,
      document: JSON.stringify(concert),
    }));
    const files = {
      venues,
      bands: makeFile(dataDir, 'bands', BANDS, olderBands.map(named)),
      events: makeFile(dataDir, 'events', EVENTS, events),
      concerts: makeFile(dataDir, 'concerts', CONCERTS, concerts),
    };
    for (const [name, file] of Object.entries(files)) {
      if (version === 2) makeSecond(file, name);
      file.close();
    }
    return { dataDir, mongoUrl: undefined };
  });
});
