import { Band, type BandRow, completer, folded } from '#contracts';
import type { MongoDatabase, MongoMigrations } from '#database';
import { bandKey } from './keys.js';
import type { BandStore } from './port.js';
import { MongoNamedRecords } from './records.mongo.js';

export const bandMigrations: MongoMigrations = [
  [
    { collection: 'bands', name: 'key', key: { key: 1, twin: 1 }, options: { unique: true } },
    { collection: 'bands', name: 'name', key: { folded: 1, _id: 1 } },
  ],
];

export function mongoBandStore(db: MongoDatabase): BandStore {
  return new MongoNamedRecords<Band, BandRow>(db, {
    collection: 'bands',
    record: Band,
    complete: completer(Band),
    key: bandKey,
    indexed: ({ name }) => ({ folded: folded(name) }),
  });
}
