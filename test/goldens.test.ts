import type { Rows } from '../bench/support/load-rows.js';
import { goldens } from './support/goldens.js';
import { describeOnMongo } from './support/mongo.js';
import { System } from './support/system.js';

async function start(rows: Rows, variables: Record<string, string> = {}): Promise<System> {
  const system = await System.start(variables);
  await system.load(rows);
  return system;
}

goldens('on SQLite', start);
describeOnMongo('on MongoDB', (mongo) => goldens('on MongoDB', (rows) => start(rows, { MONGO_URL: mongo().urlOf('goldens') })));
