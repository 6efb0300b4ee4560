import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EXIT_CANNOT_START } from '#problem';
import { LEEWAY_MS } from '../test/support/leeway.js';
import { RESTART_DELAY_MS, type Supervisor, type SupervisorOptions, supervise } from './supervisor.js';

const RUNS = 'setInterval(() => {}, 1_000);';
const IGNORES_SIGTERM = `process.on('SIGTERM', () => console.log('not now')); console.log('up'); ${RUNS}`;
/** Longer than any test: what ends in one of them ends for another reason. */
const NEVER_MS = 60_000;
/** More than two signals that count as one are apart. */
const LATER_MS = 500;

let folder: string;
let output: string;
let supervisor: Supervisor | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backline-supervisor-'));
  output = '';
});

afterEach(async () => {
  supervisor?.stop();
  await supervisor?.ended;
  supervisor = undefined;
  await rm(folder, { recursive: true, force: true });
});

interface StartOptions extends Pick<SupervisorOptions, 'drainMs' | 'callersDrainMs'> {
  /** who is called by the others */
  called?: string[];
}

/** Starts one process for each script of `{name: source}` and shows what they print in `output`. */
async function start(scripts: Record<string, string>, { called = [], ...times }: StartOptions = {}): Promise<Supervisor> {
  for (const [name, source] of Object.entries(scripts)) await writeFile(join(folder, `${name}.mjs`), source);
  const collected = new Writable({
    write: (chunk, _encoding, done) => {
      output += String(chunk);
      done();
    },
  });
  const processes = Object.keys(scripts).map((name) => ({ name, script: `${name}.mjs`, isCalled: called.includes(name) }));
  supervisor = supervise(processes, { cwd: folder, output: collected, ...times });
  return supervisor;
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(10)) if (await holds()) return;
  throw new Error(`${what} did not happen within 10 s; printed so far:\n${output}`);
}

const lines = () => output.trimEnd().split('\n');

describe('the supervisor', () => {
  test('prefixes whole lines with the name of the process', async () => {
    await start({ bands: `process.stdout.write('half '); setTimeout(() => console.log('a line'), 50); ${RUNS}`, venues: RUNS });
    await until(() => output.includes('line'), 'the line');
    expect(output).toContain('[bands ] half a line\n');
  });

  test('starts a process that died again after 500 ms, every time, and says so', async () => {
    const log = JSON.stringify(join(folder, 'starts'));
    await start({
      bands: `import { appendFileSync } from 'node:fs'; appendFileSync(${log}, Date.now() + '\\n'); process.kill(process.pid, 'SIGKILL');`,
      venues: RUNS,
    });
    const starts = async () => (await readFile(join(folder, 'starts'), 'utf8').catch(() => '')).trim().split('\n').map(Number);
    await until(async () => (await starts()).length >= 4, 'the third restart');
    const times = await starts();
    const shortest = Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
    expect(shortest).toBeGreaterThanOrEqual(RESTART_DELAY_MS);
    expect(output).toContain('bands died (SIGKILL), restarting it in 500 ms');
  });

  test('ends everything, with that line last, when a process says that it can never succeed', async () => {
    const running = await start({
      bands: RUNS,
      venues: `console.error('VENUES_TCP_PORT: "x" is no port'); process.exitCode = ${EXIT_CANNOT_START};`,
    });
    expect(await running.ended).toBe(EXIT_CANNOT_START);
    expect(lines().at(-1)).toBe('--> VENUES_TCP_PORT: "x" is no port');
  });

  test('when it is stopped, kills within two seconds what does not end by itself', async () => {
    const running = await start({ bands: IGNORES_SIGTERM, venues: RUNS });
    await until(() => output.includes('up'), 'the start');
    const stoppedAt = Date.now();
    running.stop();
    expect(await running.ended).toBe(0);
    expect(Date.now() - stoppedAt).toBeLessThan(2_000 + LEEWAY_MS);
    expect(output).toContain('not now');
    expect(lines().at(-1)).toBe('--> ended');
  });

  test('when it is stopped twice at once, as by npm and a terminal, kills nothing, and when it is again later, everything', async () => {
    const running = await start({ bands: IGNORES_SIGTERM }, { drainMs: NEVER_MS });
    await until(() => output.includes('up'), 'the start');
    running.stop();
    running.stop();
    await until(() => output.includes('not now'), 'the signal');
    await sleep(LATER_MS);
    expect(output).not.toContain('ended');
    running.stop();
    expect(await running.ended).toBe(0);
  });

  test('ends who is called after those who call', async () => {
    const drains = (name: string, tookMs: number) =>
      `process.on('SIGTERM', () => setTimeout(() => { console.log('${name} is over'); process.exit(); }, ${tookMs})); console.log('${name} is up'); ${RUNS}`;
    const running = await start(
      { bands: drains('bands', 0), gateway: drains('gateway', 200) },
      { called: ['bands'], drainMs: NEVER_MS, callersDrainMs: NEVER_MS },
    );
    await until(() => output.includes('bands is up') && output.includes('gateway is up'), 'the start');
    running.stop();
    await running.ended;
    expect(lines().slice(-3)).toEqual(['[gateway] gateway is over', '[bands  ] bands is over', '--> ended']);
  });

  test('ends who is called also when one who calls hangs', async () => {
    const running = await start(
      {
        bands: `process.on('SIGTERM', () => { console.log('bands is over'); process.exit(); }); console.log('bands is up'); ${RUNS}`,
        gateway: IGNORES_SIGTERM,
      },
      { called: ['bands'], drainMs: NEVER_MS, callersDrainMs: LATER_MS },
    );
    await until(() => output.includes('bands is up') && output.includes('] up'), 'the start');
    running.stop();
    await until(() => output.includes('bands is over'), 'the end of bands');
    expect(output).not.toContain('ended');
    running.stop();
    await running.ended;
  });

  test('when it is stopped while a process waits for its restart, does not start it again', async () => {
    const running = await start({ bands: "console.log('up');", venues: RUNS });
    await until(() => output.includes('bands died (exit code 0)'), 'the end of bands');
    running.stop();
    await running.ended;
    await sleep(RESTART_DELAY_MS + 100);
    expect(output.match(/up/g)).toHaveLength(1);
  });

  test('when it is killed itself, its processes end too', async () => {
    const pidFile = join(folder, 'pid');
    await writeFile(
      join(folder, 'bands.mjs'),
      `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); ${RUNS}`,
    );
    const options = { cwd: folder, preload: join(process.cwd(), 'dist/scripts/end-with-parent.js') };
    const program = `
      import { supervise } from ${JSON.stringify(join(process.cwd(), 'dist/scripts/supervisor.js'))};
      supervise([{ name: 'bands', script: 'bands.mjs' }], { ...${JSON.stringify(options)}, output: process.stdout });`;
    const parent: ChildProcess = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'ignore' });
    const pid = async () => Number(await readFile(pidFile, 'utf8').catch(() => ''));
    await until(async () => (await pid()) > 0, 'the start');
    const bands = await pid();
    parent.kill('SIGKILL');
    await until(() => !isAlive(bands), 'the end of the process left behind');
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
