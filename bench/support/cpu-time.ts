import { readFile } from 'node:fs/promises';

/** Linux counts the CPU time of a process in hundredths of a second, whatever the kernel's own clock. */
const MS_PER_TICK = 10;

/** User and system time of a process since its start; undefined where the system does not tell. */
async function cpuMs(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // proc(5): after the name in brackets, the 12th and 13th fields are the user and system time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** The same of several processes together. */
export async function cpuMsOfAll(pids: readonly number[]): Promise<number | undefined> {
  const times = await Promise.all(pids.map(cpuMs));
  return times.reduce((sum: number | undefined, time) => (sum === undefined || time === undefined ? undefined : sum + time), 0);
}
