import { stdout } from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { EPOCH_MS } from '#simulation';
import { readStateMachines } from '../src/simulator/read-state-machines.js';
import type { SimulationResult } from '../src/simulator/simulation.js';
import { Simulator } from '../src/simulator/simulator.js';
import { type Ask, FIRST_IMPORTS, importedBand, type Plan } from '../src/simulator/workload.js';

// One execution in a world where nothing goes wrong but what is said: at every write of the journal and of a service its
// process dies before or behind the commit, or the message comes twice; when all goes well otherwise, and when a step fails.

const FAULTS = ['crash before', 'crash after', 'doubled'];
const TIMEOUT_MS = 300_000;

const simulator = new Simulator(readStateMachines(new URL('../../../apps/orchestrator/state-machines/', import.meta.url)));

const band = { row: { name: 'Dora' } };
const venue = { row: { name: 'Arena', latitude: 1, longitude: 2 } };
const event = { row: { name: 'Late Night', kind: 'bill', startDate: EPOCH_MS, endDate: EPOCH_MS } };
const concert = { date: EPOCH_MS + 1, billingIndex: 7 };
const able = { row: { name: 'Able' } };
const hall = { row: { name: 'Hall', latitude: 52.5, longitude: 4 } };
const deletionOf = (id: number, cascade: boolean) => ({
  id,
  expectedVersion: 1,
  cascade,
  of: { bandId: id },
  atMost: cascade ? 100_000 : 0,
});

const stories: Record<string, Ask> = {
  'create-concert of parts by value': { stateMachine: 'create-concert', input: { band, venue, event, concert } },
  'create-concert of parts by id': {
    stateMachine: 'create-concert',
    input: { band: { id: 1 }, venue: { id: 1 }, event: { id: 1 }, concert },
  },
  'create-concert of parts that are there': {
    stateMachine: 'create-concert',
    input: { band: able, venue: hall, event: null, concert },
  },
  'replace-concert with other parts': {
    stateMachine: 'replace-concert',
    input: { id: 1, expectedVersion: null, band, venue: { id: 1 }, event, concert },
  },
  'patch-concert to another place': {
    stateMachine: 'patch-concert',
    input: { id: 1, expectedVersion: 1, band: null, venue, event: null, patch: { date: EPOCH_MS + 1 } },
  },
  'delete-concert': { stateMachine: 'delete-concert', input: { id: 1, expectedVersion: null } },
  'delete-band without concerts': { stateMachine: 'delete-band', input: deletionOf(3, false) },
  'delete-band with concerts': { stateMachine: 'delete-band', input: deletionOf(1, false) },
  'delete-band with its concerts': { stateMachine: 'delete-band', input: deletionOf(1, true) },
};

const planOf = (ask: Ask): Plan => ({
  seed: 1,
  intensity: 0,
  faultsForMs: 60_000,
  clockOffsetsMs: new Map(),
  requests: [{ name: 'r1', atMs: 10, choose: () => ask }],
  imports: [...FIRST_IMPORTS, { name: 'another band', atMs: 0, service: 'bands', rows: [importedBand({ name: 'Charlie' })] }],
  troubles: [],
});

/** A run in which these faults strike, each of which has to. */
async function runWith(plan: Plan, faults: readonly string[]): Promise<SimulationResult> {
  const result = await simulator.run(plan, undefined, new Set(faults));
  expect({ faults, struck: result.faults.toSorted(), violations: result.violations }).toEqual({
    faults,
    struck: faults.toSorted(),
    violations: [],
  });
  return result;
}

describe('all or nothing, whatever write a process dies at', () => {
  for (const [name, ask] of Object.entries(stories)) {
    test(
      `of ${name}, also when a step fails`,
      async () => {
        const plan = planOf(ask);
        const { calls } = await runWith(plan, []);
        let points = 0;
        for (const failing of [[], ...calls.map((call) => [`${call}: definite error`])]) {
          const { writes } = await runWith(plan, failing);
          for (const write of writes) {
            for (const fault of FAULTS) await runWith(plan, [...failing, `${write}: ${fault}`]);
            points += FAULTS.length;
          }
        }
        expect(points).toBeGreaterThan(0);
        stdout.write(`${name}: ${points} crash points\n`);
      },
      TIMEOUT_MS,
    );
  }
});
