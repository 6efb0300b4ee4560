import { type Band, type BandValue, type bandSteps, folded } from '#contracts';
import { feedMigration, type SqliteKind, sagaMigration } from './kind.sqlite.js';
import { bandKind } from './kinds.js';
import type { BandStore } from './port.js';
import { openRecords, SqliteNamedRecords } from './records.sqlite.js';

const MIGRATIONS = [
  `
  create table bands (
    id integer primary key, key text not null, twin integer not null, folded text not null, document text not null
  ) strict;
  create unique index bands_key on bands (key, twin);
  create index bands_by_name on bands (folded, id);
  `,
  sagaMigration('bands'),
  feedMigration('bands'),
];

export const sqliteBands: SqliteKind<Band, BandValue> = {
  ...bandKind,
  migrations: MIGRATIONS,
  keyColumns: (key) => ({ key: key ?? null }),
  indexed: ({ name }) => ({ folded: folded(name) }),
};

export const openSqliteBands = async (path: string, tombstoneRetentionMs: number): Promise<BandStore> =>
  new SqliteNamedRecords<Band, BandValue, typeof bandSteps>(
    await openRecords(path, sqliteBands),
    sqliteBands,
    tombstoneRetentionMs,
  );
