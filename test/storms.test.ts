import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { idempotencyStorm } from '../bench/storms/idempotency-storm.js';
import { lostUpdates } from '../bench/storms/lost-updates.js';
import { ProcessSystem } from '../bench/support/process-system.js';
import { describeOnMongo } from './support/mongo.js';

/** `bench/storms.ts` sends more. */
const STORM = { keys: 40, requestsPerKey: 20, keysAtOnce: 10 };
const CONTEST = { writers: 40, patchesEach: 8, documents: 4 };
const TEST_TIMEOUT_MS = 120_000;

function storms(variables: () => Record<string, string>): void {
  let system: ProcessSystem;
  beforeAll(async () => {
    system = await ProcessSystem.start(variables());
  }, TEST_TIMEOUT_MS);
  afterAll(() => system.close(), TEST_TIMEOUT_MS);

  test(
    'of twenty requests at once with one key, and all of them again, one is done and the others get its answer or 422',
    async () => {
      const { faults, executions, concerts, first, again } = await idempotencyStorm(system, STORM);
      expect(faults).toEqual([]);
      expect({ executions, concerts }).toEqual({ executions: STORM.keys, concerts: STORM.keys });
      expect(Object.keys(again)).toEqual(['201', '422']);
      expect(Object.keys(first)).toEqual(expect.arrayContaining(['201', '422']));
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'of patches of the same version one is accepted and none is lost, whether its answer arrives or not',
    async () => {
      const { faults, documents, accepted, refused, lost } = await lostUpdates(system, CONTEST);
      expect(faults).toEqual([]);
      expect(documents).toHaveLength(CONTEST.documents);
      for (const { version, succeeded } of documents) expect(succeeded).toBe(version - 1);
      for (const count of [accepted, refused, lost]) expect(count).toBeGreaterThan(0);
    },
    TEST_TIMEOUT_MS,
  );
}

describe('a storm of requests on SQLite', () => storms(() => ({})));

describeOnMongo('a storm of requests on MongoDB', (mongo) => storms(() => ({ MONGO_URL: mongo().urlOf('storms') })));
