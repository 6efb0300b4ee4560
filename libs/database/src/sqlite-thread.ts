import { inspect } from 'node:util';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assertInTime, type Fault, type WireFault } from '#problem';
import { letReadsGoFirst } from './reads-first.js';
import { SqliteDatabase } from './sqlite-database.js';

/**
 * The most operations that share one commit. The sync of a disk takes as long as hundreds of small writes, so more would
 * gain nothing, and all of a group wait for its last.
 */
const MAX_GROUP = 256;

/**
 * What a thread that writes can do, by name. An operation reads and writes its database, and may throw a Fault. It keeps
 * nothing of that in memory: what it wrote may still be taken back with its group.
 */
export type Operations = Record<string, (argument: never) => unknown>;

/** What the thread is started with. */
export interface ThreadData {
  path: string;
  /** For the module that the thread runs. */
  data: unknown;
}

/** The thread's first message: it takes requests. */
const READY = 'ready';
/** The last message to the thread: it ends when all that came before is answered. */
export const CLOSE = 'close';

export interface ThreadRequest<Argument> {
  id: number;
  operation: string;
  argument: Argument;
  /** Epoch milliseconds. */
  deadline: number;
}

export type ThreadAnswer = { id: number } & ({ value: unknown } | { fault: WireFault; cause?: string });

// Whoever sent a request was held to the type of the operation's argument.
type Message = ThreadRequest<never> | typeof CLOSE;

/**
 * The whole of the module that a SqliteWriter's thread runs: all requests that wait are carried out in one transaction,
 * and answered together behind its commit.
 * @param open makes the operations; `data` is what the writer was started with
 */
export function serveWrites<Data>(open: (db: SqliteDatabase, data: Data) => Operations): void {
  if (!parentPort) throw new TypeError('this module runs in a thread that a SqliteWriter starts');
  const port = parentPort;
  letReadsGoFirst();
  const { path, data } = workerData;
  const db = SqliteDatabase.openForWriting(path);
  const operations = open(db, data);
  port.on('message', (first: Message) => {
    const messages = [first, ...waitingAt(port)];
    const requests = messages.filter((message) => message !== CLOSE);
    if (requests.length > 0) port.postMessage(answersTo(requests, db, operations));
    if (requests.length === messages.length) return;
    db.close();
    port.close();
  });
  port.postMessage(READY);
}

function* waitingAt(port: MessagePort): Iterable<Message> {
  for (let taken = 1; taken < MAX_GROUP; taken++) {
    const received = receiveMessageOnPort(port);
    if (!received) return;
    yield received.message;
  }
}

function answersTo(requests: readonly ThreadRequest<never>[], db: SqliteDatabase, operations: Operations): ThreadAnswer[] {
  const outcomes = db.commitTogether(requests, ({ operation, argument, deadline }) => {
    assertInTime(deadline);
    const run = operations[operation];
    if (!run) throw new TypeError(`the thread has no operation ${operation}`);
    return run(argument);
  });
  return outcomes.map(([{ id }, outcome]) => ({ id, ...('fault' in outcome ? asData(outcome.fault) : outcome) }));
}

/** A fault that can cross between threads, with the text of its cause for the log. */
const asData = (fault: Fault) => ({ fault: fault.toWire(), ...(fault.cause !== undefined && { cause: inspect(fault.cause) }) });
