import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { StoreLogger } from '#database';
import { CannotStart } from '#problem';
import type { Json } from '../src/asl/json.js';
import type { HistoryEvent } from '../src/asl/step.js';
import type { Execution, ExecutionStatus, Journal, Within } from '../src/journal.js';
import { type JournalLocation, openJournal } from '../src/open-journal.js';

/** What the contract must know of a journal beside the port: where it is, and how it may differ. */
export interface JournalUnderTest {
  /** An empty place for a journal. */
  newPlace(): Promise<JournalLocation>;
  /** Makes the journal at a place one of a later version of the program. */
  makeNewer(location: JournalLocation): Promise<void>;
}

export const silent: StoreLogger = { info: () => undefined, warn: () => undefined };
/** Long enough for a busy machine. */
export const soon = (): Within => ({ deadline: Date.now() + 20_000 });

/** So many that a busy machine still has a connection for each before MongoDB's driver gives up waiting for one. */
const WAVE = 100;

async function inWaves<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  while (results.length < items.length)
    results.push(...(await Promise.all(items.slice(results.length, results.length + WAVE).map(work))));
  return results;
}
const past: Within = { deadline: Date.now() - 1 };

/** When the tests take place: no journal has a clock of its own. */
export const NOW = 1_800_000_000_000;
const LEASE_UNTIL = NOW + 30_000;
const DAY_MS = 86_400_000;

const HOSTILE = ['', `'; drop table executions; --`, '$where', 'a.b', '__proto__', 'nul\0nul', '{"$gt":""}', '🎸 ünï', 'a","b'];
const ODD: Json = JSON.parse(
  `{"__proto__": {"x": 1}, "constructor": null, "a.b": {"$set": 1, "": [[], {}]}, "$gt": "\\u0000 \\ud83c\\udfb8", "n": -1.5e-7,
    "large": 9007199254740991, "lone": "\\ud800", "toJSON": 1, "_id": "no id"}`,
);

let made = 0;
const nextId = () => `01900000-0000-7000-8000-${(++made).toString(16).padStart(12, '0')}`;

export function executionOf(fields: Partial<Execution> = {}): Execution {
  const id = fields.id ?? nextId();
  return {
    id,
    stateMachine: 'create-concert',
    definitionHash: 'hash',
    idempotencyKey: keyOf(id),
    request: { method: 'POST' },
    status: 'RUNNING',
    cursor: { at: 'Band' },
    commands: [],
    memos: {},
    folds: {},
    stopRequested: false,
    owner: 'first',
    dueAt: LEASE_UNTIL,
    failingSince: null,
    events: 1,
    revision: 1,
    writer: `begin ${id}`,
    startedAt: NOW,
    endedAt: null,
    ...fields,
  };
}

const keyOf = (key: string, caller = 'shop') => ({ caller, key, fingerprint: 'f', expiresAt: NOW + DAY_MS });
export const ended = (status: ExecutionStatus = 'SUCCEEDED', endedAt = NOW) => ({ status, endedAt, dueAt: null });
export const nextOf = (execution: Execution, fields: Partial<Execution> = {}): Execution => {
  const revision = execution.revision + 1;
  return { ...execution, revision, writer: `${execution.id} ${revision}`, ...fields };
};
const line = (type: string, details: { [name: string]: Json } = {}): HistoryEvent => ({ type, at: NOW, ...details });
export const STARTED = line('ExecutionStarted');
const wholeHistory = (id: string) => ({ id, from: 0, limit: 10_000 });
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

/** What every journal does, whatever it is made of: the very same cases for all. */
export function journalContract({ newPlace, makeNewer }: JournalUnderTest): void {
  let journal: Journal;
  beforeAll(async () => {
    journal = await openJournal(await newPlace(), silent);
  });
  afterAll(() => journal.close());

  async function begun(fields?: Partial<Execution>): Promise<Execution> {
    const execution = executionOf(fields);
    expect(await journal.begin(execution, [STARTED], soon())).toEqual({ execution, begun: true });
    return execution;
  }

  describe('begin', () => {
    test('keeps the execution as it is, with its history', async () => {
      const execution = await begun({ failingSince: NOW, dueAt: NOW + 0.5, stopRequested: true, folds: { Band: 3 } });
      expect(await journal.read(execution.id, soon())).toStrictEqual(execution);
      expect(await journal.history(wholeHistory(execution.id), soon())).toStrictEqual([STARTED]);
    });

    test('of 50 at once with one key keeps one, and answers it to all', async () => {
      const key = keyOf('once');
      const answers = await Promise.all(
        many(50, () => {
          const execution = executionOf({ idempotencyKey: key });
          return journal.begin(execution, [line(execution.id)], soon());
        }),
      );
      const [first] = answers.filter(({ begun }) => begun);
      expect(answers.filter(({ begun }) => begun)).toHaveLength(1);
      expect(new Set(answers.map(({ execution }) => execution.id)).size).toBe(1);
      const id = first?.execution.id ?? '';
      expect(await journal.history(wholeHistory(id), soon())).toEqual([line(id)]);
      const again = await journal.begin(executionOf({ idempotencyKey: key }), [STARTED], soon());
      expect(again).toEqual({ execution: first?.execution, begun: false });
    });

    test('answers an execution as it is by now', async () => {
      const execution = await begun();
      const done = nextOf(execution, { ...ended(), output: { id: 7 } });
      await journal.write({ execution: done, append: [] }, soon());
      const again = await journal.begin(executionOf({ idempotencyKey: execution.idempotencyKey }), [], soon());
      expect(again).toEqual({ execution: done, begun: false });
    });

    test('tells callers and keys apart, whatever they are made of', async () => {
      for (const key of HOSTILE) for (const caller of HOSTILE) await begun({ idempotencyKey: keyOf(key, caller) });
      for (const id of HOSTILE) {
        const execution = await begun({ id });
        expect(await journal.read(id, soon())).toEqual(execution);
        expect(await journal.history(wholeHistory(id), soon())).toEqual([STARTED]);
        expect(await journal.write({ execution: nextOf(execution, ended()), append: [STARTED] }, soon())).toBe(true);
      }
      await journal.removeEnded({ before: NOW + 1, limit: 100 }, soon());
    });

    test.each([
      ['has not expired', { expiresAt: NOW + 1, ...ended() }],
      ['has expired, but its execution runs', { expiresAt: NOW }],
    ])('leaves a key with its execution that %s', async (name, { expiresAt, ...fields }) => {
      const idempotencyKey = { ...keyOf(name), expiresAt };
      const holder = await begun({ idempotencyKey, ...fields });
      const answer = await journal.begin(executionOf({ idempotencyKey: keyOf(name) }), [STARTED], soon());
      expect(answer).toEqual({ execution: holder, begun: false });
    });

    test('gives a key that has expired to one of 20 that come for it, and leaves its old execution as it was', async () => {
      const idempotencyKey = { ...keyOf('expired'), expiresAt: NOW };
      const old = await begun({ idempotencyKey, ...ended() });
      const answers = await Promise.all(
        many(20, () => journal.begin(executionOf({ idempotencyKey: keyOf('expired') }), [STARTED], soon())),
      );
      expect(answers.filter(({ begun }) => begun)).toHaveLength(1);
      expect(new Set(answers.map(({ execution }) => execution.id)).size).toBe(1);
      expect(answers[0]?.execution.id).not.toBe(old.id);
      expect(await journal.read(old.id, soon())).toEqual(old);
      expect(await journal.history(wholeHistory(old.id), soon())).toEqual([STARTED]);
    });
  });

  describe('write', () => {
    test('replaces the whole execution and adds to its history', async () => {
      const execution = await begun({ failingSince: NOW });
      const next = nextOf(execution, {
        cursor: { at: 'Venue' },
        commands: [{ type: 'wait', id: 'w', state: 'Wait', notBefore: NOW + 5, interruptible: true }],
        memos: { w: { repeats: 1, members: { generation: 1 } } },
        stopRequested: true,
        owner: 'second',
        dueAt: NOW + 5.25,
        failingSince: null,
        events: 3,
      });
      expect(await journal.write({ execution: next, append: [line('A'), line('B')] }, soon())).toBe(true);
      expect(await journal.read(execution.id, soon())).toStrictEqual(next);
      expect(await journal.history(wholeHistory(execution.id), soon())).toEqual([STARTED, line('A'), line('B')]);
    });

    test('is refused, and leaves no trace, at any revision but the next', async () => {
      const first = await begun();
      const second = nextOf(first);
      expect(await journal.write({ execution: second, append: [] }, soon())).toBe(true);
      const rewrite = { index: 0, event: line('Lost') };
      for (const execution of [first, nextOf(first, { owner: 'late' }), nextOf(nextOf(second))]) {
        expect(await journal.write({ execution, append: [line('Lost')] }, soon())).toBe(false);
        expect(await journal.write({ execution, append: [], rewrite }, soon())).toBe(false);
      }
      expect(await journal.write({ execution: executionOf({ revision: 2 }), append: [STARTED] }, soon())).toBe(false);
      expect(await journal.read(first.id, soon())).toEqual(second);
      expect(await journal.history(wholeHistory(first.id), soon())).toEqual([STARTED]);
    });

    test('of 20 at one revision takes exactly one', async () => {
      const execution = await begun();
      const writes = many(20, (index) => ({
        execution: nextOf(execution, { writer: `${index}` }),
        append: [line(`${index}`)],
      }));
      const taken = await Promise.all(writes.map((write) => journal.write(write, soon())));
      expect(taken.filter(Boolean)).toHaveLength(1);
      const winner = writes[taken.indexOf(true)];
      expect(await journal.read(execution.id, soon())).toEqual(winner?.execution);
      expect(await journal.history(wholeHistory(execution.id), soon())).toEqual([STARTED, ...(winner?.append ?? [])]);
    });

    test('can put another line in the place of one of the history', async () => {
      let execution = await begun();
      execution = nextOf(execution);
      await journal.write({ execution, append: many(12, (index) => line(`${index}`)) }, soon());
      const rewrite = { index: 10, event: line('Folded', { attempts: 2 }) };
      expect(await journal.write({ execution: nextOf(execution), append: [], rewrite }, soon())).toBe(true);
      const types = (await journal.history(wholeHistory(execution.id), soon())).map(({ type }) => type);
      expect(types).toEqual(['ExecutionStarted', '0', '1', '2', '3', '4', '5', '6', '7', '8', 'Folded', '10', '11']);
    });

    test('keeps any JSON, wherever it stands', async () => {
      let deep: Json = ODD;
      for (let level = 0; level < 1_000; level++) deep = level % 2 ? [deep] : { deep };
      const execution = await begun({ request: ODD, cursor: deep });
      const done = nextOf(execution, {
        ...ended(),
        cursor: ODD,
        memos: { 'a.$b': { repeats: 1, members: { $x: ODD } } },
        output: ODD,
      });
      expect(await journal.write({ execution: done, append: [line('Odd', { output: ODD, deep })] }, soon())).toBe(true);
      const read = await journal.read(execution.id, soon());
      expect(JSON.stringify(read?.output)).toBe(JSON.stringify(ODD));
      expect(read).toEqual(done);
      const [, event] = await journal.history(wholeHistory(execution.id), soon());
      expect(JSON.stringify(event)).toBe(JSON.stringify(line('Odd', { output: ODD, deep })));
    });

    test('leaves out what an end does not have', async () => {
      const execution = await begun();
      const done = nextOf(execution, { ...ended('FAILED'), output: undefined, error: 'Conflict', cause: undefined });
      await journal.write({ execution: done, append: [{ type: 'ExecutionFailed', at: NOW, state: undefined }] }, soon());
      const { output, cause, ...present } = done;
      expect(await journal.read(execution.id, soon())).toStrictEqual(present);
      expect((await journal.history(wholeHistory(execution.id), soon()))[1]).toStrictEqual({ type: 'ExecutionFailed', at: NOW });
    });
  });

  test('a history is read from any line on, and that of nobody is empty', async () => {
    const { id } = await begun();
    const execution = nextOf(executionOf({ id }));
    await journal.write({ execution, append: many(9, (index) => line(`${index + 1}`)) }, soon());
    const types = async (from: number, limit: number) =>
      (await journal.history({ id, from, limit }, soon())).map(({ type }) => type);
    expect(await types(0, 2)).toEqual(['ExecutionStarted', '1']);
    expect(await types(8, 5)).toEqual(['8', '9']);
    expect(await types(10, 5)).toEqual([]);
    expect(await journal.history(wholeHistory('nobody'), soon())).toEqual([]);
    expect(await journal.read('nobody', soon())).toBeUndefined();
  });

  describe('claim', () => {
    const request = { owner: 'second', now: NOW, leaseUntil: LEASE_UNTIL, limit: 100, own: false, writer: 'claim' };
    const idsOf = (executions: readonly Execution[]) => executions.map(({ id }) => id);
    beforeEach(async () => {
      // What other tests left due.
      await journal.claim(
        { ...request, owner: 'nobody', now: NOW + 2 * DAY_MS, leaseUntil: NOW + 9 * DAY_MS, limit: 10_000 },
        soon(),
      );
    });

    test('takes what is due, the longest due first, and leaves leases that last', async () => {
      const [late, latest, now, leased] = [
        await begun({ dueAt: NOW - 5 }),
        await begun({ dueAt: NOW - 10 }),
        await begun({ dueAt: NOW }),
        await begun({ dueAt: NOW + 1 }),
      ];
      const claimed = await journal.claim(request, soon());
      expect(claimed).toStrictEqual(
        [latest, late, now].map((execution) => nextOf(execution, { owner: 'second', dueAt: LEASE_UNTIL, writer: 'claim' })),
      );
      for (const execution of claimed) expect(await journal.read(execution.id, soon())).toStrictEqual(execution);
      expect(await journal.read(leased.id, soon())).toEqual(leased);
      expect(await journal.claim(request, soon())).toEqual([]);
      expect(await journal.write({ execution: nextOf(late), append: [] }, soon())).toBe(false);
      expect(await journal.history(wholeHistory(late.id), soon())).toEqual([STARTED]);
    });

    test('takes the longest due ones when it may not take all', async () => {
      const executions = [];
      for (let index = 0; index < 5; index++) executions.push(await begun({ dueAt: NOW - index }));
      const ids = idsOf(executions).reverse();
      expect(idsOf(await journal.claim({ ...request, limit: 2 }, soon()))).toEqual(ids.slice(0, 2));
      expect(idsOf(await journal.claim({ ...request, limit: 9 }, soon()))).toEqual(ids.slice(2));
    });

    test('never takes what has ended', async () => {
      const statuses = ['SUCCEEDED', 'FAILED', 'ABORTED'] as const;
      for (const status of statuses) await begun({ ...ended(status), owner: 'second' });
      const execution = await begun({ dueAt: NOW });
      await journal.write({ execution: nextOf(execution, ended()), append: [] }, soon());
      expect(await journal.claim({ ...request, own: true }, soon())).toEqual([]);
    });

    test('by ten at once gives each execution to one of them', async () => {
      const executions = await Promise.all(many(60, () => begun({ dueAt: NOW })));
      const claims = await Promise.all(
        many(10, (index) => journal.claim({ ...request, owner: `${index}`, writer: `claim ${index}`, limit: 40 }, soon())),
      );
      const rest = await journal.claim(request, soon());
      expect([...claims.flatMap(idsOf), ...idsOf(rest)].toSorted()).toEqual(idsOf(executions).toSorted());
      for (const execution of claims.flat()) expect(await journal.read(execution.id, soon())).toEqual(execution);
    });

    test('of what is its own goes on until nothing is left, and leaves what others lease', async () => {
      const own = await Promise.all(many(7, (index) => begun({ owner: 'again', dueAt: NOW + DAY_MS + index })));
      const due = await begun({ owner: 'other', dueAt: NOW });
      const other = await begun({ owner: 'other', dueAt: NOW + 1 });
      const again = { ...request, owner: 'again', own: true, limit: 3, writer: 'start' };
      const claimed: string[][] = [];
      for (let tries = 0; tries < 4; tries++) claimed.push(idsOf(await journal.claim(again, soon())));
      const ids = idsOf(own);
      expect(claimed).toEqual([[due.id, ...ids.slice(0, 2)], ids.slice(2, 5), ids.slice(5), []]);
      expect(await journal.read(other.id, soon())).toEqual(other);
    });
  });

  describe('all together', () => {
    let own: Journal;
    const statuses = ['RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED'] as const;
    const executions = many(40, (index) => {
      const status = statuses[index % 4] ?? 'RUNNING';
      const failingSince = index < 20 ? NOW + index : null;
      return executionOf({ failingSince, ...(status !== 'RUNNING' && ended(status, NOW + index)) });
    });
    beforeAll(async () => {
      own = await openJournal(await newPlace(), silent);
      await Promise.all(executions.map((execution) => own.begin(execution, [STARTED, STARTED], soon())));
    });
    afterAll(() => own.close());

    test('are listed latest first, page after page', async () => {
      const latest = executions.toReversed();
      expect(await own.list({ limit: 100 }, soon())).toEqual(latest);
      const pages: Execution[][] = [];
      for (let last: string | undefined; ; last = pages.at(-1)?.at(-1)?.id) {
        const page = await own.list({ limit: 15, ...(last !== undefined && { after: last }) }, soon());
        if (page.length === 0) break;
        pages.push(page);
      }
      expect(pages.map(({ length }) => length)).toEqual([15, 15, 10]);
      expect(pages.flat()).toEqual(latest);
    });

    test.each(statuses)('are listed by their status: %s', async (status) => {
      const latest = executions.filter((execution) => execution.status === status).toReversed();
      expect(await own.list({ status, limit: 100 }, soon())).toEqual(latest);
      expect(await own.list({ status, limit: 4, after: latest[3]?.id }, soon())).toEqual(latest.slice(4, 8));
    });

    test('are counted by their status; those that fail only while they run, and since before a time', async () => {
      const byStatus = { RUNNING: 10, SUCCEEDED: 10, FAILED: 10, ABORTED: 10 };
      expect(await own.counts({ failingBefore: NOW + 8 }, soon())).toEqual({ byStatus, failing: 2 });
      expect(await own.counts({ failingBefore: NOW + DAY_MS }, soon())).toEqual({ byStatus, failing: 5 });
    });

    test('are removed some at a time when they have ended before a time, with their history and their key', async () => {
      const endings = executions.filter(({ endedAt }) => endedAt !== null);
      const removed = endings.filter(({ endedAt }) => (endedAt ?? 0) < NOW + 21);
      const left = executions.filter((execution) => !removed.includes(execution));
      const counts = [];
      for (let tries = 0; tries < 4; tries++) counts.push(await own.removeEnded({ before: NOW + 21, limit: 6 }, soon()));
      expect(counts).toEqual([6, 6, 3, 0]);
      expect(await own.list({ limit: 100 }, soon())).toEqual(left.toReversed());
      for (const execution of executions) {
        expect(await own.history(wholeHistory(execution.id), soon())).toHaveLength(removed.includes(execution) ? 0 : 2);
      }
      const again = executionOf({ idempotencyKey: removed[0]?.idempotencyKey ?? keyOf('') });
      expect(await own.begin(again, [], soon())).toMatchObject({ begun: true });
    });
  });

  test('a definition is kept once by its hash, whoever saves it again', async () => {
    const hashes = ['0f', ...HOSTILE];
    for (const hash of hashes) {
      expect(await journal.definition(hash, soon())).toBeUndefined();
      await Promise.all(many(10, () => journal.saveDefinition({ hash, source: { StartAt: hash, odd: ODD } }, soon())));
      expect(JSON.stringify(await journal.definition(hash, soon()))).toBe(JSON.stringify({ StartAt: hash, odd: ODD }));
    }
  });

  test('what was written by 500, many at once, is all there when the journal is opened again', async () => {
    const location = await newPlace();
    const first = await openJournal(location, silent);
    await first.saveDefinition({ hash: 'h', source: ['kept'] }, soon());
    const executions = many(500, () => executionOf({ dueAt: NOW }));
    await inWaves(executions, (execution) => first.begin(execution, [STARTED], soon()));
    const written = executions.map((execution) => nextOf(execution, { cursor: execution.id }));
    const taken = await inWaves(written, (execution) => first.write({ execution, append: [line(execution.id)] }, soon()));
    expect(taken).toEqual(executions.map(() => true));
    await first.close();
    const again = await openJournal(location, silent);
    expect(await again.definition('h', soon())).toEqual(['kept']);
    expect(await again.list({ limit: 1_000 }, soon())).toEqual(written.toReversed());
    for (const { id } of executions) {
      expect(await again.history(wholeHistory(id), soon())).toEqual([STARTED, line(id)]);
    }
    const claimed = await again.claim(
      { owner: 'again', now: NOW, leaseUntil: LEASE_UNTIL, limit: 1_000, own: true, writer: 'w' },
      soon(),
    );
    expect(claimed).toHaveLength(500);
    await again.close();
  });

  test('two that share a journal see what the other has written', async () => {
    const location = await newPlace();
    const [one, other] = [await openJournal(location, silent), await openJournal(location, silent)];
    const idempotencyKey = keyOf('shared');
    const answers = await Promise.all(
      many(20, (index) => (index % 2 ? one : other).begin(executionOf({ idempotencyKey, dueAt: NOW }), [STARTED], soon())),
    );
    const winners = answers.filter(({ begun }) => begun);
    expect(winners).toHaveLength(1);
    const claims = await Promise.all(
      [one, other].map((store, index) =>
        store.claim({ owner: `${index}`, now: NOW, leaseUntil: LEASE_UNTIL, limit: 9, own: false, writer: `${index}` }, soon()),
      ),
    );
    const [claimed] = claims.flat();
    expect(claims.flat()).toHaveLength(1);
    expect(await one.read(claimed?.id ?? '', soon())).toEqual(claimed);
    expect(await other.read(claimed?.id ?? '', soon())).toEqual(claimed);
    await one.close();
    await other.close();
  });

  test('a call whose deadline has passed ends with Timeout', async () => {
    const execution = executionOf();
    const calls = [
      () => journal.saveDefinition({ hash: 'late', source: 1 }, past),
      () => journal.definition('late', past),
      () => journal.begin(execution, [], past),
      () => journal.write({ execution, append: [] }, past),
      () => journal.claim({ owner: '', now: NOW, leaseUntil: NOW, limit: 1, own: false, writer: '' }, past),
      () => journal.read('late', past),
      () => journal.history(wholeHistory('late'), past),
      () => journal.list({ limit: 1 }, past),
      () => journal.counts({ failingBefore: NOW }, past),
      () => journal.removeEnded({ before: NOW, limit: 1 }, past),
      () => journal.ping(past),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'Timeout' });
    expect(await journal.read(execution.id, soon())).toBeUndefined();
    await journal.ping(soon());
  });

  test('a journal is closed once, however often it is asked to, and is Unavailable from then on', async () => {
    const closed = await openJournal(await newPlace(), silent);
    await Promise.all([closed.close(), closed.close()]);
    await closed.close();
    await expect(closed.begin(executionOf(), [], soon())).rejects.toMatchObject({ code: 'Unavailable' });
    await expect(closed.read('x', soon())).rejects.toMatchObject({ code: 'Unavailable' });
  });

  test('a journal of a newer version is refused with one line that says so', async () => {
    const location = await newPlace();
    await (await openJournal(location, silent)).close();
    await makeNewer(location);
    const opened = openJournal(location, silent);
    await expect(opened).rejects.toBeInstanceOf(CannotStart);
    await expect(opened).rejects.toThrow(
      /^the store .* has schema version \d+, made by a newer Backline; this one knows up to \d+$/,
    );
  });
}
