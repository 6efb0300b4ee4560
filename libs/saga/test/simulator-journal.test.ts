import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Draw } from '#simulation';
import type { Journal } from '../src/journal.js';
import { openJournal } from '../src/open-journal.js';
import { MemoryJournal } from '../src/simulator/memory-journal.js';
import { ended, executionOf, NOW, nextOf, STARTED, silent, soon } from './journal.contract.js';

const CALLS = 2_000;
const DAY_MS = 86_400_000;

let folder = '';
let stored: Journal;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backline-simulator-'));
  stored = await openJournal({ name: 'orchestrator', dataDir: folder, mongoUrl: undefined }, silent);
});
afterAll(async () => {
  await stored.close();
  await rm(folder, { recursive: true });
});

test(`the journal of a simulation answers ${CALLS} random calls as one on disk does`, async () => {
  const caller = new Caller();
  const memory = new MemoryJournal();
  for (let count = 0; count < CALLS; count++) {
    const { name, perform } = caller.next();
    const [answer, expected] = await Promise.all([perform(memory), perform(stored)]);
    expect({ count, name, answer }).toEqual({ count, name, answer: expected });
    caller.hear(answer);
  }
});

interface Call {
  name: string;
  perform(journal: Journal): Promise<unknown>;
}

/** Makes calls that meet on a few executions. */
class Caller {
  readonly #draw = new Draw(1, 'journal');
  #known: ReturnType<typeof executionOf>[] = [];
  #time = NOW;

  next(): Call {
    this.#time += 1_000;
    return this.#draw.pick([this.begin, this.write, this.write, this.write, this.claim, this.look, this.look, this.remove])();
  }

  /** Executions as they were answered are known from then on. */
  hear(answer: unknown): void {
    const executions = Array.isArray(answer) ? answer : [answer];
    for (const one of executions) if (typeof one === 'object' && one !== null && 'cursor' in one) this.#remember(Object(one));
  }

  private readonly begin = (): Call => {
    const draw = this.#draw;
    const expiresAt = this.#time + draw.pick([-1, DAY_MS]);
    const idempotencyKey = { caller: 'shop', key: `key ${draw.between(1, 60)}`, fingerprint: 'f', expiresAt };
    const execution = executionOf({ idempotencyKey, startedAt: this.#time, dueAt: this.#time });
    this.#remember(execution);
    return { name: 'begin', perform: (journal) => journal.begin(execution, [STARTED], soon()) };
  };

  private readonly write = (): Call => {
    const draw = this.#draw;
    const found = this.#any();
    if (!found) return this.begin();
    const end = draw.chance(0.2)
      ? { ...ended(draw.pick(['SUCCEEDED', 'FAILED']), this.#time), commands: [] }
      : { dueAt: this.#time };
    const next = nextOf(found, { ...end, failingSince: draw.chance(0.3) ? this.#time : null });
    const execution = draw.chance(0.2) ? { ...next, revision: next.revision + draw.pick([-1, 1]) } : next;
    const line = { type: 'TaskSucceeded', at: this.#time };
    const transition = draw.chance(0.3)
      ? { execution, append: [], rewrite: { index: 0, event: line } }
      : { execution, append: [line, line] };
    if (execution === next) this.#remember(execution);
    return { name: 'write', perform: (journal) => journal.write(transition, soon()) };
  };

  private readonly claim = (): Call => {
    const draw = this.#draw;
    const now = this.#time - draw.between(0, 20_000);
    // Which of those with one due time come first is not said, so all are claimed.
    const request = {
      owner: draw.pick(['first', 'second']),
      now,
      leaseUntil: this.#time + 0.5,
      limit: 1_000,
      own: draw.chance(0.1),
      writer: `claim ${this.#time}`,
    };
    return {
      name: 'claim',
      perform: async (journal) => (await journal.claim(request, soon())).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    };
  };

  private readonly look = (): Call => {
    const id = this.#any()?.id ?? 'none';
    return this.#draw.pick<Call>([
      { name: 'read', perform: (journal) => journal.read(id, soon()) },
      { name: 'history', perform: (journal) => journal.history({ id, from: 1, limit: 5 }, soon()) },
      { name: 'list', perform: (journal) => journal.list({ after: id, limit: 4 }, soon()) },
      { name: 'list of a status', perform: (journal) => journal.list({ status: 'FAILED', limit: 4 }, soon()) },
      { name: 'counts', perform: (journal) => journal.counts({ failingBefore: this.#time - 50_000 }, soon()) },
    ]);
  };

  private readonly remove = (): Call => {
    const before = this.#time - 300_000;
    return { name: 'remove', perform: (journal) => journal.removeEnded({ before, limit: 1_000 }, soon()) };
  };

  #any() {
    return this.#known.length > 0 ? this.#draw.pick(this.#known) : undefined;
  }

  #remember(execution: ReturnType<typeof executionOf>): void {
    this.#known = [...this.#known.filter(({ id }) => id !== execution.id), execution].slice(-30);
  }
}
