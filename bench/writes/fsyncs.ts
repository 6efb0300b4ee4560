import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const CALLS = ['fsync', 'fdatasync'];
/** perf attaches to a handful of processes in less. */
const ATTACH_MS = 500;

/**
 * Counts the calls of fsync and fdatasync that processes make while something is done: as the kernel sees them, with
 * `perf stat`, which costs the processes nothing but needs root.
 * @returns the number, or undefined where there is no such `perf`
 */
export async function countFsyncs(pids: readonly number[], work: () => Promise<void>): Promise<number | undefined> {
  const events = CALLS.map((call) => `syscalls:sys_enter_${call}`).join();
  const perf = spawn('perf', ['stat', '-x', ',', '-e', events, '-p', pids.join()], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  perf.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = once(perf, 'close').catch(() => undefined); // there is no perf: nothing is counted
  await sleep(ATTACH_MS);
  try {
    await work();
  } finally {
    perf.kill('SIGINT');
  }
  await ended;
  const counts = output.split('\n').flatMap((line) => (line.includes('syscalls:') ? [Number.parseInt(line, 10)] : []));
  return counts.length === CALLS.length && counts.every(Number.isFinite) ? counts.reduce((sum, count) => sum + count) : undefined;
}
