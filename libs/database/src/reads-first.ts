import { constants, getPriority, platform, setPriority } from 'node:os';
import { isMainThread } from 'node:worker_threads';

const { PRIORITY_BELOW_NORMAL } = constants.priority;

/**
 * Who reads waits for nothing but the processor; who writes waits for disks anyway. So the thread that calls this, and
 * those that it starts, get behind those who read when there is not enough of it for all: a gateway on the same machine,
 * or the other threads of this process. Elsewhere than on Linux a priority is that of the whole process, and a thread
 * beside others leaves it as it is.
 */
export function letReadsGoFirst(): void {
  if (!isMainThread && platform() !== 'linux') return;
  if (getPriority() < PRIORITY_BELOW_NORMAL) setPriority(PRIORITY_BELOW_NORMAL);
}
