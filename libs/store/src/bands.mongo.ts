import { type Band, type BandValue, type bandSteps, folded } from '#contracts';
import type { MongoDatabase, MongoMigrations } from '#database';
import { deletedIndex, type MongoKind, purgeIndex } from './entities.mongo.js';
import { bandKind } from './kinds.js';
import type { BandStore } from './port.js';
import { MongoNamedRecords } from './records.mongo.js';

export const bandMigrations: MongoMigrations = [
  [
    { collection: 'bands', name: 'key', key: { key: 1, twin: 1 }, options: { unique: true } },
    { collection: 'bands', name: 'name', key: { folded: 1, _id: 1 } },
  ],
  [deletedIndex('bands')],
  [purgeIndex('bands')],
];

const mongoBands: MongoKind<Band, BandValue> = { ...bandKind, indexed: ({ name }) => ({ folded: folded(name) }) };

export const mongoBandStore = (db: MongoDatabase, tombstoneRetentionMs: number): BandStore =>
  new MongoNamedRecords<Band, BandValue, typeof bandSteps>(db, mongoBands, tombstoneRetentionMs);
