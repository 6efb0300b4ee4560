import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { MongoMemoryReplSet } from 'mongodb-memory-server-core';
import { databaseName } from '#database';
import { MONGOD_BINARY } from '../../../bench/support/own-mongo.js';
import { describeOnMongo, describeWithOwnMongo } from '../../../test/support/mongo.js';
import { openBandStore, type StoreLocation } from '../src/index.js';
import { FeedReader } from './feed-reader.js';
import { silent, soon } from './place.js';
import { endOf } from './step-keys.js';

/** As long as a wait of a test may last that is to end by something else. */
const LONG_MS = 15_000;

describeOnMongo('a store in MongoDB', (mongo) => {
  let client: MongoClient;
  let places = 0;
  beforeAll(async () => {
    client = await MongoClient.connect(mongo().urlOf('any'));
  });
  afterAll(() => client.close());

  const newLocation = (): StoreLocation => {
    places += 1;
    return { name: 'bands', dataDir: '', mongoUrl: mongo().urlOf(`feed${places}`) };
  };
  const databaseOf = ({ mongoUrl = '', name }: StoreLocation) => client.db(databaseName(mongoUrl, name));

  test('whose collection is removed or renamed has no place any more that was good before', async () => {
    for (const change of ['drop', 'rename'] as const) {
      const location = newLocation();
      const store = await openBandStore(location, silent);
      const reader = await FeedReader.atHead(store.feed);
      await store.upsert([{ name: 'Before' }], soon());
      await reader.read();
      const bands = databaseOf(location).collection('bands');
      await (change === 'drop' ? bands.drop() : bands.rename('elsewhere'));
      expect(await endOf(reader.read())).toBe('CursorExpired');
      await store.upsert([{ name: 'After' }], soon());
      expect(await endOf(reader.read())).toBe('CursorExpired');
      const next = await FeedReader.atHead(store.feed);
      await store.upsert([{ name: 'After the head' }], soon());
      expect(await next.read()).toHaveLength(1);
      await store.close();
    }
  });

  test('who waits for one whose collection is removed is told so', async () => {
    const location = newLocation();
    const store = await openBandStore(location, silent);
    await store.upsert([{ name: 'Before' }], soon());
    const { cursor } = await store.feed.head({}, soon());
    const waiting = endOf(store.feed.changes({ after: cursor, limit: 1, waitMs: 10_000 }, soon()));
    await sleep(200);
    await databaseOf(location).collection('bands').drop();
    expect(await waiting).toBe('CursorExpired');
    await store.close();
  });

  test('wakes who begins to wait when nobody else has waited for a while', async () => {
    const store = await openBandStore(newLocation(), silent);
    // For a second after the last wait the stream is still there, or about to end.
    for (const pauseMs of [0, 940, 960, 980, 1_000, 1_020, 1_040]) {
      const { cursor: before } = await store.feed.head({}, soon());
      await store.feed.changes({ after: before, limit: 1, waitMs: 20 }, soon());
      await sleep(pauseMs);
      const { cursor: head } = await store.feed.head({}, soon());
      const from = Date.now();
      const answer = store.feed.changes({ after: head, limit: 1, waitMs: LONG_MS }, soon());
      await sleep(50);
      await store.upsert([{ name: `After ${pauseMs}` }], soon());
      expect(await answer).toMatchObject({ items: [{ document: { name: `After ${pauseMs}` } }] });
      expect(Date.now() - from).toBeLessThan(LONG_MS / 3);
    }
    await store.close();
  });

  test('wakes those who wait also after what it follows its changes by was broken off, and says so', async () => {
    const warnings: string[] = [];
    const location = newLocation();
    const store = await openBandStore(location, { ...silent, warn: (_, message) => warnings.push(message) });
    await store.upsert([{ name: 'Before' }], soon());
    const { cursor } = await store.feed.head({}, soon());
    const from = Date.now();
    const answer = store.feed.changes({ after: cursor, limit: 1, waitMs: LONG_MS }, soon());
    const ns = `${databaseOf(location).databaseName}.bands`;
    const admin = client.db('admin');
    while (warnings.length === 0 && Date.now() < from + LONG_MS) {
      const { inprog } = await admin.command({ currentOp: 1, ns, op: 'getmore' });
      for (const { opid } of inprog) await admin.command({ killOp: 1, op: opid });
      await sleep(20);
    }
    expect(warnings).toEqual([expect.stringContaining('cannot be followed')]);
    await store.upsert([{ name: 'After' }], soon());
    expect(await answer).toMatchObject({ items: [{ document: { name: 'After' } }] });
    expect(Date.now() - from).toBeLessThan(LONG_MS / 2);
    await store.close();
  });

  test('is another store when it was restored from a backup, and the same one otherwise', async () => {
    const location = newLocation();
    const first = await storeIdAt(location);
    expect(await storeIdAt(location)).toBe(first);
    const counters = databaseOf(location).collection('store');
    const documents = await counters.find().toArray();
    await counters.drop();
    await counters.insertMany(documents);
    const restored = await storeIdAt(location);
    expect(restored).not.toBe(first);
    expect(await storeIdAt(location)).toBe(restored);
  });

  test('is another store when it is from a version that knew nothing of its collection: a backup may be', async () => {
    const location = newLocation();
    const storeId = await storeIdAt(location);
    await databaseOf(location)
      .collection('store')
      .updateOne({ storeId }, { $unset: { collectionId: 1 } });
    const renewed = await storeIdAt(location);
    expect(renewed).not.toBe(storeId);
    expect(await storeIdAt(location)).toBe(renewed);
  });
});

/** That of the store as it is opened now. */
async function storeIdAt(location: StoreLocation): Promise<string> {
  const store = await openBandStore(location, silent);
  await store.close();
  return store.identity.storeId;
}

/** The code by which MongoDB says that it has not finished in time. */
const MAX_TIME_EXPIRED = 50;

/** A server whose oplog holds a megabyte, of which it lets go what is older every second. */
describeWithOwnMongo('a MongoDB that forgets soon', () => {
  let mongo: MongoMemoryReplSet;
  let client: MongoClient;

  beforeAll(async () => {
    mongo = await MongoMemoryReplSet.create({
      binary: MONGOD_BINARY,
      replSet: {
        count: 1,
        storageEngine: 'wiredTiger',
        args: ['--oplogSize', '1', '--syncdelay', '1', '--setParameter', 'enableTestCommands=1'],
      },
    });
    client = await MongoClient.connect(mongo.getUri());
  }, 60_000);
  afterAll(async () => {
    await client.close();
    await mongo.stop({ doCleanup: true, force: true });
  });

  test('tells who is so far behind that a call is too short to come to a change; a short one may have been only slow', async () => {
    const store = await openBandStore({ name: 'bands', dataDir: '', mongoUrl: mongo.getUri() }, silent);
    const { cursor } = await store.feed.head({}, soon());
    const request = { after: cursor, limit: 1, waitMs: 0 };
    const endOutOfTime = async (deadline: number) => {
      const data = { failCommands: ['aggregate'], errorCode: MAX_TIME_EXPIRED };
      await client.db('admin').command({ configureFailPoint: 'failCommand', mode: { times: 1 }, data });
      return endOf(store.feed.changes(request, { deadline }));
    };
    expect(await endOutOfTime(soon().deadline)).toBe('CursorExpired');
    expect(await endOutOfTime(Date.now() + 4_000)).toBe('Timeout');
    expect(await store.feed.changes(request, soon())).toMatchObject({ items: [], isAtEnd: true });
    await store.close();
  });

  test('tells who comes too late, and keeps a reader of a quiet store who reads on', async () => {
    const store = await openBandStore({ name: 'bands', dataDir: '', mongoUrl: mongo.getUri() }, silent);
    const quiet = await FeedReader.atHead(store.feed);
    const head = quiet.cursor;
    await quiet.read();
    const places = [head, quiet.cursor];
    const endsAt = (after: string) => endOf(store.feed.changes({ after, limit: 1, waitMs: 0 }, soon()));
    const busy = client.db('other').collection('busy');
    const deadline = Date.now() + 60_000;
    for (let expired = 0; expired < places.length; ) {
      if (Date.now() > deadline) throw new Error('the oplog of the server keeps everything');
      await busy.insertMany(Array.from({ length: 20 }, () => ({ text: 'x'.repeat(50_000) })));
      await sleep(200);
      expect(await quiet.read()).toEqual([]);
      expired = (await Promise.all(places.map(endsAt))).filter((end) => end === 'CursorExpired').length;
    }
    await store.upsert([{ name: 'At last' }], soon());
    expect(await quiet.read()).toMatchObject([{ document: { name: 'At last' } }]);
    await store.close();
  }, 90_000);
});
