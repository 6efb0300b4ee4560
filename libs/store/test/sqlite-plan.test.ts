import { copyFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FindConcerts } from '#contracts';
import { CannotStart } from '#problem';
import { openBandStore, openConcertStore } from '../src/index.js';
import { silent, soon } from './place.js';
import { endOf } from './step-keys.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backline-plan-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a SQLite file that cannot be read', () => {
  const openedAt = (dataDir: string) => openBandStore({ name: 'bands', dataDir, mongoUrl: undefined }, silent);

  test('because it is no database is refused with one line', async () => {
    await writeFile(join(folder, 'bands.sqlite'), 'this is no database, and it is long enough to have a header'.repeat(99));
    await expect(openedAt(folder)).rejects.toBeInstanceOf(CannotStart);
    await expect(openedAt(folder)).rejects.toThrow(/^the store .*bands\.sqlite cannot be opened: .+$/);
  });

  test('because it was cut is refused with one line, now or at the first call', async () => {
    const dataDir = join(folder, 'cut');
    const store = await openedAt(dataDir);
    for (let at = 0; at < 20; at++) {
      await store.upsert(
        Array.from({ length: 500 }, (_, index) => ({ name: `Band ${at} ${index}` })),
        soon(),
      );
    }
    await store.close();
    await truncate(join(dataDir, 'bands.sqlite'), 5_000);
    await expect(openedAt(dataDir)).rejects.toBeInstanceOf(CannotStart);
  });

  test('because a file stands where its folder should be is refused with one line', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(openedAt(join(folder, 'file'))).rejects.toBeInstanceOf(CannotStart);
  });
});

test('a SQLite file that another process writes is Unavailable after a second, and works again behind it', async () => {
  const dataDir = join(folder, 'locked');
  const store = await openBandStore({ name: 'bands', dataDir, mongoUrl: undefined }, silent);
  const other = new DatabaseSync(join(dataDir, 'bands.sqlite'));
  other.exec('begin immediate');
  await expect(store.upsert([{ name: 'Waiting' }], soon())).rejects.toMatchObject({ code: 'Unavailable' });
  other.exec('rollback');
  other.close();
  expect(await store.upsert([{ name: 'Waiting' }], soon())).toMatchObject([{ outcome: 'created' }]);
  expect(await store.count(soon())).toBe(1);
  await store.close();
});

test('a SQLite file that was put back from an older copy of it tells so who has read what it lost', async () => {
  const dataDir = join(folder, 'older');
  const opened = () => openBandStore({ name: 'bands', dataDir, mongoUrl: undefined }, silent);
  const [file, copy] = [join(dataDir, 'bands.sqlite'), join(dataDir, 'copy.sqlite')];
  let store = await opened();
  await store.upsert([{ name: 'Kept' }], soon());
  await store.close();
  await copyFile(file, copy);
  store = await opened();
  const { cursor: kept } = await store.feed.head({}, soon());
  await store.upsert([{ name: 'Lost' }], soon());
  const { cursor: lost } = await store.feed.head({}, soon());
  await store.close();
  await copyFile(copy, file);
  store = await opened();
  const endAt = (after: string) => endOf(store.feed.changes({ after, limit: 1, waitMs: 0 }, soon()));
  expect(await endAt(lost)).toBe('StoreWentBack');
  expect(await endAt(kept)).toMatchObject({ items: [], isAtEnd: true });
  await store.close();
});

describe('the plans of the feed on SQLite', () => {
  test.each([
    ['bands', openBandStore],
    ['concerts', openConcertStore],
  ] as const)('merge what is live and what is deleted from two indexes, in their order: %s', async (name, open) => {
    const dataDir = join(folder, `feed-${name}`);
    const store = await open({ name, dataDir, mongoUrl: undefined }, silent);
    const seen = await sqlOf(async () => {
      const { cursor } = await store.feed.head({}, soon());
      await store.feed.changes({ after: cursor, limit: 1, waitMs: 0 }, soon());
      await store.feed.scan({ limit: 1 }, soon());
      await store.feed.states({ ids: [1] }, soon());
    });
    await store.close();
    const db = new DatabaseSync(join(dataDir, `${name}.sqlite`));
    const plans = [...seen].filter((sql) => sql.includes('union all')).map((sql) => planOf(db, sql));
    db.close();
    expect(plans).toEqual([
      `MERGE (UNION ALL); LEFT; SEARCH ${name} USING INDEX ${name}_by_seq (seq>?); RIGHT; SEARCH tombstones USING INDEX tombstones_by_seq (seq>?)`,
      `MERGE (UNION ALL); LEFT; SEARCH ${name} USING INTEGER PRIMARY KEY (rowid>?); RIGHT; SEARCH tombstones USING INTEGER PRIMARY KEY (rowid>?)`,
      expect.stringMatching(
        /^MERGE \(UNION ALL\); LEFT; SEARCH \w+ USING INTEGER PRIMARY KEY \(rowid=\?\);.*PRIMARY KEY \(rowid=\?\)/,
      ),
    ]);
  });
});

/** The statements that are prepared while some work is done. */
async function sqlOf(work: () => Promise<void>): Promise<Set<string>> {
  const seen = new Set<string>();
  const prepare = DatabaseSync.prototype.prepare;
  DatabaseSync.prototype.prepare = function remembering(sql: string) {
    seen.add(sql);
    return prepare.call(this, sql);
  };
  try {
    await work();
  } finally {
    DatabaseSync.prototype.prepare = prepare;
  }
  return seen;
}

/** How many there are: those with a number are the same wherever it is. */
function parametersOf(sql: string): number {
  const marks: string[] = sql.match(/\?\d*/g) ?? [];
  return marks.filter((mark, at) => mark === '?' || marks.indexOf(mark) === at).length;
}

function planOf(db: DatabaseSync, sql: string): string {
  const steps = db.prepare(`explain query plan ${sql}`).all(...Array(parametersOf(sql)).fill(1));
  return steps.map(({ detail }) => detail).join('; ');
}

describe('the plans of the searches on SQLite', () => {
  let seen: Set<string>;
  let plans: DatabaseSync;

  beforeAll(async () => {
    const dataDir = join(folder, 'plans');
    const store = await openConcertStore({ name: 'concerts', dataDir, mongoUrl: undefined }, silent);
    const rows = Array.from({ length: 500 }, (_, index) => ({
      bandId: 1 + (index % 5),
      venueId: 1 + (index % 100),
      date: index,
      eventId: 1 + (index % 3),
    }));
    await store.upsert(rows, soon());
    seen = await sqlOf(async () => {
      for (const request of requests()) await store.find(request, soon());
    });
    await store.close();
    plans = new DatabaseSync(join(dataDir, 'concerts.sqlite'));
  });
  afterAll(() => plans.close());

  test('read each run and each scan from an index that holds all they need, in its order', () => {
    const runs = [...seen].filter((sql) => sql.includes('order by date') && !sql.includes('concerts_key'));
    expect(runs.length).toBeGreaterThanOrEqual(16);
    for (const sql of runs) {
      expect({ sql, plan: planOf(plans, sql) }).toEqual({
        sql,
        plan: expect.stringMatching(
          /^(SCAN asked [^;]+; CORRELATED SCALAR SUBQUERY \d+; )?SEARCH concerts USING COVERING INDEX concerts_\w*by_\w+ \([^;]+\)$/,
        ),
      });
    }
  });

  function requests(): FindConcerts[] {
    const filters = [
      {},
      { bandIds: [1, 2] },
      { venueIds: [1, 2] },
      { venueIds: Array.from({ length: 90 }, (_, index) => index) },
      { eventIds: [1] },
    ];
    return filters.flatMap((filter) =>
      ([undefined, 'cancelled', 'postponed'] as const).flatMap((status) =>
        (['date', '-date'] as const).map((sort) => ({ ...filter, ...(status && { status }), sort, limit: 5 })),
      ),
    );
  }
});
