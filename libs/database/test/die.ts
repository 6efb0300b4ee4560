// A process whose writing thread dies: it says how the calls that waited ended. Its arguments are a file and its migrations.

import { SqliteStore } from '#database';
import { Fault } from '#problem';
import type { NoteOperations } from './notes.js';

const [path = '', ...migrations] = process.argv.slice(2);
const module = new URL('./notes.ts', import.meta.url);
const { writer } = await SqliteStore.open<NoteOperations>(migrations, { path, module, data: undefined });

// A service has sockets, which keep it running.
setInterval(() => undefined, 1_000);

const deadline = Date.now() + 10_000;
await writer.run('add', 'before', deadline);
const waiting = [writer.run('die', 3, deadline), writer.run('add', 'behind', deadline)];
const ends = await Promise.allSettled(waiting);
ends.push(...(await Promise.allSettled([writer.run('add', 'too late', deadline)])));
process.stdout.write(ends.map(codeOf).join(' '));

function codeOf(end: PromiseSettledResult<unknown>): string {
  if (end.status === 'fulfilled') return 'written';
  return end.reason instanceof Fault ? end.reason.code : String(end.reason);
}
