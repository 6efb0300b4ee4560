// Runs the tests and ends with one line, `N passed, N failed`. What is given on the command line goes on to Jest:
// `npm test -- libs/geo`, or `npm test -- --coverage` for a coverage table, which makes a whole run half as long again.

import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

const RESULTS = 'dist/test-results.json';

/** The whole suite takes less than 20 minutes on two cores; a run that hangs must not hold up who waits for it. */
const DEADLINE_MS = 40 * 60_000;

interface Totals {
  numPassedTests: number;
  numFailedTests: number;
  /** files that failed before their first test */
  numRuntimeErrorTestSuites: number;
  numPendingTests: number;
}

const isTotals = (value: unknown): value is Totals =>
  typeof value === 'object' &&
  value !== null &&
  ['numPassedTests', 'numFailedTests', 'numRuntimeErrorTestSuites', 'numPendingTests'].every(
    (name) => typeof Object.getOwnPropertyDescriptor(value, name)?.value === 'number',
  );

function readTotals(): Totals | undefined {
  try {
    const results: unknown = JSON.parse(readFileSync(RESULTS, 'utf8'));
    return isTotals(results) ? results : undefined;
  } catch (error) {
    console.error(`Jest left no results: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

rmSync(RESULTS, { force: true });
const nodeOptions = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const jestOptions = ['--json', `--outputFile=${RESULTS}`, ...process.argv.slice(2)];
const jest = spawnSync(process.execPath, [...nodeOptions, 'node_modules/jest/bin/jest.js', ...jestOptions], {
  stdio: 'inherit',
  timeout: DEADLINE_MS,
  killSignal: 'SIGKILL',
});

const totals = readTotals();
const passed = totals?.numPassedTests ?? 0;
const failed = totals === undefined ? 1 : totals.numFailedTests + totals.numRuntimeErrorTestSuites;
const skipped = totals?.numPendingTests ?? 0;
process.exitCode = jest.status === 0 && failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
