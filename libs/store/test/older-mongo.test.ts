import { Binary, MongoClient } from 'mongodb';
import { MIN_EPOCH_MS } from '#contracts';
import { databaseName } from '#database';
import { describeOnMongo } from '../../../test/support/mongo.js';
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

/** As the first version wrote it: the milliseconds since the year 1 in eight bytes, the id in four. */
function placeOf({ date, id }: { date: number; id: number }): Binary {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64BE(BigInt(date - MIN_EPOCH_MS), 0);
  bytes.writeUInt32BE(id, 8);
  return new Binary(bytes);
}

describeOnMongo('the MongoDB stores', (mongo) => {
  let places = 0;

  olderStoresTests(async (version) => {
    places += 1;
    const mongoUrl = mongo().urlOf(`older${places}`);
    const client = await MongoClient.connect(mongoUrl);
    const make = async (name: string, documents: { _id: number }[]) => {
      const db = client.db(databaseName(mongoUrl, name));
      const store = { _id: 'store', storeId: 'a store of its own', schemaVersion: version, nextId: OLDER_NEXT_ID };
      await db.collection<typeof store>('store').insertOne(store);
      await db.collection<{ _id: number }>(name).insertMany(documents);
    };
    const named = <F extends object>({ id, fields, ...found }: { id: number; fields: F }) => ({
      _id: id,
      ...fields,
      version: OLDER_VERSION,
      ...found,
    });
    const venues = olderVenues.map((venue) => ({
      ...named(venue),
      position: { type: 'Point', coordinates: [venue.fields.longitude, venue.fields.latitude] },
    }));
    const concerts = olderConcerts.map(({ id, ...fields }) => ({
      _id: id,
      ...fields,
      key: `${fields.bandId}|${fields.venueId}|${fields.date}`,
      twin: 0,
      place: placeOf({ date: fields.date, id }),
      cancelled: fields.status === 'cancelled',
      ...(fields.eventId !== null && { eventOf: fields.eventId }),
    }));
    const tombstones = olderTombstones.map(({ id, ...found }) => ({ _id: id, twin: 0, deleted: true, rev: 1, ...found }));
    await make('bands', [...olderBands.map(named), ...(version === 2 ? tombstones : [])]);
    await make('venues', venues);
    await make('events', olderEvents.map(named));
    await make('concerts', concerts);
    await client.close();
    return { dataDir: '', mongoUrl };
  });
});
