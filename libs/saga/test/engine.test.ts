import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from '@jest/globals';
import { describeOnMongo } from '../../../test/support/mongo.js';
import { openJournal } from '../src/index.js';
import { engineStories } from './engine.stories.js';

const logger = { info: () => undefined, warn: () => undefined };

describe('the engine over SQLite', () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  engineStories(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'backline-engine-'));
    folders.push(dataDir);
    return openJournal({ name: 'orchestrator', dataDir, mongoUrl: undefined }, logger);
  });
});

describeOnMongo('the engine over MongoDB', (mongo) => {
  let places = 0;
  engineStories(async () => {
    places += 1;
    return openJournal({ name: 'orchestrator', dataDir: '', mongoUrl: mongo().urlOf(`engine${places}`) }, logger);
  });
});
