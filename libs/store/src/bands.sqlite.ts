import { Band, type BandRow, completer, folded } from '#contracts';
import { bandKey } from './keys.js';
import type { SqliteKind } from './kind.sqlite.js';
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
];

export const sqliteBands: SqliteKind<Band, BandRow> = {
  table: 'bands',
  migrations: MIGRATIONS,
  record: Band,
  complete: completer(Band),
  key: (row) => ({ key: bandKey(row) }),
  indexed: ({ name }) => ({ folded: folded(name) }),
};

export const openSqliteBands = async (path: string): Promise<BandStore> =>
  new SqliteNamedRecords(await openRecords(path, sqliteBands), sqliteBands);
