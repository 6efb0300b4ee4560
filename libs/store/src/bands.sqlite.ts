import { Band, type BandRow, completer, folded } from '#contracts';
import { SqliteDatabase } from '#database';
import { bandKey } from './keys.js';
import type { BandStore } from './port.js';
import { SqliteNamedRecords } from './records.sqlite.js';

const MIGRATIONS = [
  `
  create table bands (
    id integer primary key, key text not null, twin integer not null, folded text not null, document text not null
  ) strict;
  create unique index bands_key on bands (key, twin);
  create index bands_by_name on bands (folded, id);
  `,
];

export function sqliteBandStore(path: string): BandStore {
  return new SqliteNamedRecords<Band, BandRow>(SqliteDatabase.open(path, MIGRATIONS), {
    table: 'bands',
    record: Band,
    complete: completer(Band),
    key: (row) => ({ key: bandKey(row) }),
    indexed: ({ name }) => ({ folded: folded(name) }),
  });
}
