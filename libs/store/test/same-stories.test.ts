import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeOnMongo } from '../../../test/support/mongo.js';
import { type BandStore, openBandStore } from '../src/index.js';
import { silent } from './place.js';
import { tellStory } from './stories.js';

const STORIES = 30;

describeOnMongo('SQLite and MongoDB', (mongo) => {
  let dataDir: string;
  let sqlite: BandStore;
  let mongodb: BandStore;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'backline-same-'));
    sqlite = await openBandStore({ name: 'bands', dataDir, mongoUrl: undefined }, silent);
    mongodb = await openBandStore({ name: 'bands', dataDir: '', mongoUrl: mongo().urlOf('same') }, silent);
  });
  afterAll(async () => {
    await Promise.all([sqlite.close(), mongodb.close()]);
    await rm(dataDir, { recursive: true });
  });

  test(`tell ${STORIES} random stories of sagas with the same words`, async () => {
    for (let seed = 1; seed <= STORIES; seed++) {
      const plot = { seed, isWild: true };
      const [one, other] = [await tellStory(sqlite, plot), await tellStory(mongodb, plot)];
      expect(other.log).toEqual(one.log);
      expect(other.live.map(({ name, version }) => ({ name, version }))).toEqual(
        one.live.map(({ name, version }) => ({ name, version })),
      );
    }
  }, 120_000);
});
