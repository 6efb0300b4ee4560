import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const FREEZE_TIMEOUT_MS = 10_000;
const POLL_MS = 1;
/**
 * State and process group in `/proc/PID/stat`, https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; the name before them
 * may hold brackets.
 */
const STAT = /^\d+ .*\) ([A-Za-z]) \d+ (\d+) /s;
/** Stopped, or ended and not yet waited for. */
const STILL = new Set(['T', 'Z', 'X']);

/**
 * Stops a process by SIGSTOP, or all of a process group by its negative id as in kill(2), and resolves when it stands still:
 * on a busy machine its threads may answer a request or two between the signal and that.
 */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  // Where there is no /proc, nobody can be asked.
  if (process.platform !== 'linux') return;
  for (const until = Date.now() + FREEZE_TIMEOUT_MS; !(await standsStill(pid)); await sleep(POLL_MS)) {
    if (Date.now() > until) throw new Error(`process ${pid} does not stop`);
  }
}

/** Each thread comes to its stop by itself. */
async function standsStill(pid: number): Promise<boolean> {
  const pids = pid > 0 ? [String(pid)] : (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const threads = await Promise.all(
    pids.map(async (id) => (await gone(readdir(`/proc/${id}/task`), [])).map((thread) => `/proc/${id}/task/${thread}/stat`)),
  );
  const stats = await Promise.all(threads.flat().map((path) => gone(readFile(path, 'utf8'), '')));
  return stats.every((stat) => {
    const [, state = 'X', group] = STAT.exec(stat) ?? [];
    return STILL.has(state) || !(pid > 0 || Number(group) === -pid);
  });
}

/** What is read, or that instead where the process is gone meanwhile. */
const gone = <T>(reading: Promise<T>, instead: T): Promise<T> => reading.catch(() => instead);
