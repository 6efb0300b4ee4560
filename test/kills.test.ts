import { describe, expect, test } from '@jest/globals';
import { killUnderWrites } from '../bench/kills/run.js';
import { describeOnMongo } from './support/mongo.js';

/** `bench/kills.ts` kills for longer, under more writes. */
const SHORT = { seconds: 12, executions: 160, clients: 16 };
/** After the last kill an undo may wait for half a minute until it is tried again, and a busy machine takes its time. */
const TIMEOUT_MS = 360_000;

async function expectAllOrNothing(mongoUrl: string | undefined): Promise<void> {
  const { broken, findings, executions, killsOf } = await killUnderWrites({ ...SHORT, mongoUrl });
  expect({ broken, findings }).toEqual({ broken: [], findings: [] });
  expect(executions).not.toHaveProperty('RUNNING');
  expect(sum(executions)).toBe(SHORT.executions);
  expect(sum(killsOf)).toBeGreaterThan(SHORT.seconds / 4);
}

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((total, count) => total + count, 0);

const killed = 'services and orchestrators are killed under writes, and each write ends whole or leaves nothing, once';

describe('on SQLite', () => {
  test(killed, () => expectAllOrNothing(undefined), TIMEOUT_MS);
});

describeOnMongo('on MongoDB, with two orchestrators', (mongo) => {
  test(killed, () => expectAllOrNothing(mongo().urlOf('kills')), TIMEOUT_MS);
});
