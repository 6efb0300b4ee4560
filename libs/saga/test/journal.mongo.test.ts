import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { databaseName } from '#database';
import { OwnMongo } from '../../../bench/support/own-mongo.js';
import { LEEWAY_MS } from '../../../test/support/leeway.js';
import { describeOnMongo, describeWithOwnMongo } from '../../../test/support/mongo.js';
import type { Execution, Journal } from '../src/journal.js';
import { openJournal } from '../src/open-journal.js';
import { ended, executionOf, journalContract, NOW, nextOf, STARTED, silent, soon } from './journal.contract.js';

const DAY_MS = 86_400_000;

describeOnMongo('the journal in MongoDB', (mongo) => {
  let places = 0;
  journalContract({
    async newPlace() {
      places += 1;
      return { name: 'orchestrator', dataDir: '', mongoUrl: mongo().urlOf(`journal${places}`) };
    },
    async makeNewer({ mongoUrl = '', name }) {
      const client = await MongoClient.connect(mongoUrl);
      await client
        .db(databaseName(mongoUrl, name))
        .collection('store')
        .updateOne({}, { $set: { schemaVersion: 99 } });
      await client.close();
    },
  });

  test('finds everything by an index, and reads no more than it gives', async () => {
    const mongoUrl = mongo().urlOf('plans');
    const journal = await openJournal({ name: 'orchestrator', dataDir: '', mongoUrl }, silent);
    const executions = Array.from({ length: 400 }, (_, index) => executionOf(index % 10 ? ended('FAILED', NOW + index) : {}));
    await Promise.all(executions.map((execution) => journal.begin(execution, [STARTED], soon())));
    const client = await MongoClient.connect(mongoUrl);
    const db = client.db(databaseName(mongoUrl, 'orchestrator'));
    await db.command({ profile: 2 });
    const claim = { owner: 'first', now: NOW, leaseUntil: NOW + 1, limit: 5, writer: 'w' };
    expect(await journal.claim({ ...claim, own: false }, soon())).toEqual([]);
    expect(await journal.claim({ ...claim, own: true }, soon())).toHaveLength(5);
    expect(await journal.list({ limit: 5, after: executions[200]?.id }, soon())).toHaveLength(5);
    expect(await journal.list({ status: 'FAILED', limit: 5, after: executions[200]?.id }, soon())).toHaveLength(5);
    expect(await journal.counts({ failingBefore: NOW }, soon())).toMatchObject({ failing: 0, byStatus: { FAILED: 360 } });
    expect(await journal.removeEnded({ before: NOW + DAY_MS, limit: 5 }, soon())).toBe(5);
    await db.command({ profile: 0 });
    const looked = await db
      .collection('system.profile')
      .find({ ns: `${db.databaseName}.executions` })
      .toArray();
    await client.close();
    await journal.close();
    expect(looked.length).toBeGreaterThanOrEqual(15);
    for (const { planSummary, docsExamined, command } of looked) {
      expect({ planSummary, command }).toEqual({ planSummary: expect.stringMatching(/^(IXSCAN|COUNT_SCAN|IDHACK)/), command });
      expect({ docsExamined: Math.max(docsExamined ?? 0, 5), command }).toEqual({ docsExamined: 5, command });
    }
  });
});

describeWithOwnMongo('the journal in a MongoDB that goes away', () => {
  let mongo: OwnMongo;
  let journal: Journal;
  let execution: Execution;
  beforeAll(async () => {
    mongo = await OwnMongo.start();
    journal = await openJournal({ name: 'orchestrator', dataDir: '', mongoUrl: mongo.url }, silent);
    execution = executionOf();
    await journal.begin(execution, [STARTED], soon());
  }, 60_000);
  afterAll(async () => {
    await journal.close();
    await mongo.stop();
  });

  test('ends a write by its deadline while it stands still or is down, and takes it once it is back', async () => {
    const write = (timeoutMs: number) =>
      journal.write({ execution: nextOf(execution), append: [STARTED] }, { deadline: Date.now() + timeoutMs });
    await mongo.freeze();
    const began = Date.now();
    await expect(write(500)).rejects.toMatchObject({ code: expect.stringMatching(/^(Timeout|Unavailable)$/) });
    expect(Date.now() - began).toBeLessThan(500 + LEEWAY_MS);
    mongo.thaw();
    await mongo.pause();
    await expect(write(3_000)).rejects.toMatchObject({ code: 'Unavailable' });
    await mongo.resume();
    // The write that met no answer may have arrived all the same.
    await write(20_000);
    expect(await journal.read(execution.id, soon())).toEqual(nextOf(execution));
    expect(await journal.history({ id: execution.id, from: 0, limit: 9 }, soon())).toEqual([STARTED, STARTED]);
  }, 60_000);
});
