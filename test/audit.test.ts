import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readConfig, serviceNames } from '#config';
import { audit } from '../scripts/audit/audit.js';
import { type Editor, MongoEditor, SqliteEditor, type StoreName } from './audit/editor.js';
import { type Left, leaveAStory } from './audit/story.js';
import { describeOnMongo, type TestMongo } from './support/mongo.js';
import { System } from './support/system.js';

const AUDIT = join(process.cwd(), 'dist/scripts/audit.js');
const STORY_TIMEOUT_MS = 120_000;
const RUN_TIMEOUT_MS = 20_000;
const HOUR_MS = 3_600_000;
const UNKNOWN_STEP = '01900000-0000-7000-8000-000000000000/band';

interface Fault<E extends Editor = Editor> {
  fault: string;
  plant(editor: E, left: Left): Promise<void>;
  /** A line that names it. */
  finding(left: Left): string;
}

/** What can be planted in either store. */
const faults: Fault[] = [
  {
    fault: 'a band is gone, and its concert is not',
    plant: (editor, { importedBand }) => editor.remove('bands', importedBand),
    finding: ({ importedConcert, importedBand }) => `lost: concert ${importedConcert}: its band ${importedBand} is not there`,
  },
  {
    fault: 'an event was deleted, and its concert was not',
    plant: (editor) => editor.bury('events', 1, 3),
    finding: ({ importedConcert }) => `lost: concert ${importedConcert}: its event 1 is deleted`,
  },
  {
    fault: 'an entity was deleted by nobody',
    plant: (editor, { revivedBand }) => editor.bury('bands', revivedBand, 9),
    finding: ({ revivedBand }) => `lost: band ${revivedBand}: it is deleted, and no step did that`,
  },
  {
    fault: 'what was answered with 201 is gone',
    plant: (editor, { concert }) => editor.remove('concerts', concert),
    finding: ({ concert, creation }) =>
      `lost: concert ${concert}: it is not there, and a create-concert answered it (execution ${creation})`,
  },
  {
    fault: 'what was answered with 201 is an earlier version',
    plant: async (editor, { concert }) => {
      await editor.saga('concerts', concert, { lastSteps: [] });
      await editor.version('concerts', concert, 1);
    },
    finding: ({ concert }) => `lost: concert ${concert}: it has version 1, and a patch-concert made or saw version 2`,
  },
  {
    fault: 'nobody holds a live entity, and it is not pinned',
    plant: (editor, { venue }) => editor.saga('venues', venue, { pinned: false }),
    finding: ({ venue }) => `orphaned: venue ${venue}: it is live, and nothing holds it`,
  },
  {
    fault: 'an entity is held by an execution that has ended',
    plant: (editor, { band, creation }) => editor.saga('bands', band, { holders: [`${creation}/band`] }),
    finding: ({ band, creation }) => `orphaned: band ${band}: it is held by one that is SUCCEEDED (execution ${creation})`,
  },
  {
    fault: 'an entity is held by an execution that nobody knows',
    plant: (editor, { concert }) => editor.saga('concerts', concert, { holders: [UNKNOWN_STEP] }),
    finding: ({ concert }) => `orphaned: concert ${concert}: it is held by one that is unknown to the journal`,
  },
  {
    fault: 'the mark of a delete that has ended stays',
    plant: (editor, { event, deletion }) => editor.saga('events', event, { retiring: `${deletion}/event` }),
    finding: ({ event, deletion }) =>
      `orphaned: event ${event}: it is marked for its delete by one that is SUCCEEDED (execution ${deletion})`,
  },
  {
    fault: 'what an execution made has stayed, and it failed',
    plant: async (editor, { revival }) => {
      await editor.told(revival, { status: 'FAILED', error: 'Conflict', cause: '' });
      await editor.beside(revival, { status: 'FAILED' });
    },
    finding: ({ revivedBand, revival }) =>
      `orphaned: band ${revivedBand}: an execution that failed made it, and none that succeeded names it (execution ${revival})`,
  },
  {
    fault: 'a delete failed, and its concert is deleted',
    plant: async (editor, { deletion }) => {
      await editor.told(deletion, { status: 'FAILED', error: 'Conflict', cause: '' });
      await editor.beside(deletion, { status: 'FAILED' });
    },
    finding: ({ deletedConcert, deletion }) =>
      `torn: concert ${deletedConcert}: version 2 was made by a delete-concert that is FAILED (execution ${deletion})`,
  },
  {
    fault: 'a step made a version that there is not yet',
    plant: (editor, { band, creation }) =>
      editor.saga('bands', band, { lastSteps: [{ version: 7, stepKey: `${creation}/band`, at: 0 }] }),
    finding: ({ band }) => `torn: band ${band}: it has version 2, and a step made version 7`,
  },
  {
    fault: 'another step made the version that an execution answered',
    plant: (editor, { band, creation }) =>
      editor.saga('bands', band, {
        lastSteps: [
          { version: 1, stepKey: `${creation}/band`, at: 0 },
          { version: 2, stepKey: UNKNOWN_STEP, at: 0 },
        ],
      }),
    finding: ({ band }) => `doubled: band ${band}: a patch-band answered that it changed it, and it was not that one`,
  },
  {
    fault: 'a live entity has version 0',
    plant: (editor, { importedConcert }) => editor.version('concerts', importedConcert, 0),
    finding: ({ importedConcert }) => `torn: concert ${importedConcert}: it is live with version 0`,
  },
  {
    fault: 'a version is beyond the last',
    plant: (editor, { importedConcert }) => editor.version('concerts', importedConcert, 2 ** 24 + 1),
    finding: ({ importedConcert }) =>
      `torn: concert ${importedConcert}: its version 16777217 is beyond the last that there can be`,
  },
  {
    fault: 'what an entity knows of executions is garbage',
    plant: (editor, { importedBand }) => editor.saga('bands', importedBand, { holders: 'many' }),
    finding: ({ importedBand }) => `torn: band ${importedBand}: what it knows of executions cannot be read`,
  },
  {
    fault: 'two have one natural key',
    plant: (editor, { revivedBand, importedBand }) => editor.shareName('bands', revivedBand, importedBand),
    finding: ({ revivedBand }) => `doubled: band ${revivedBand}: an earlier one`,
  },
  {
    fault: 'two executions have one key',
    plant: (editor, { deletion, creation }) => editor.shareKey(deletion, creation),
    finding: ({ deletion }) => `doubled: execution ${deletion}: an earlier one has the same key of the same caller`,
  },
  {
    fault: 'an ended execution is due',
    plant: (editor, { creation }) => editor.beside(creation, { dueAt: 1 }),
    finding: ({ creation }) => `torn: execution ${creation}: it has ended, and something is still to be done`,
  },
  {
    fault: 'an execution that ended runs by its index',
    plant: (editor, { creation }) => editor.beside(creation, { status: 'RUNNING' }),
    finding: ({ creation }) => `torn: execution ${creation}: status is RUNNING beside a text that says SUCCEEDED`,
  },
  {
    fault: 'a line of a history is lost',
    plant: (editor, { creation }) => editor.forgetLine(creation),
    finding: ({ creation }) => `torn: execution ${creation}: its history has `,
  },
  {
    fault: 'nobody goes on with an execution',
    plant: (editor, { running }) => editor.beside(running, { dueAt: Date.now() - HOUR_MS }),
    finding: ({ running }) => `stuck: execution ${running}: nobody has gone on with it since `,
  },
  {
    fault: 'an execution fails for hours',
    plant: async (editor, { running }) => {
      const failingSince = Date.now() - 2 * HOUR_MS;
      await editor.told(running, { failingSince });
      await editor.beside(running, { failingSince });
    },
    finding: ({ running }) => `stuck: execution ${running}: it has come to nothing but failures since `,
  },
  {
    fault: 'definitions are gone',
    plant: (editor) => editor.forgetDefinitions(),
    finding: ({ running }) => `lost: execution ${running}: its definition `,
  },
  {
    fault: 'an id would be given twice',
    plant: (editor) => editor.nextId('venues', 1),
    finding: () => 'torn: the store of venues: the next id is 1, and ',
  },
];

const sqliteFaults: Fault<SqliteEditor>[] = [
  {
    fault: 'a concert lies under another day',
    plant: async (editor) => editor.run('concerts', 'update concerts set date = date + 1 where id = 1'),
    finding: () => 'torn: concert 1: date is ',
  },
  {
    fault: 'a concert lies under another band',
    plant: async (editor) => editor.run('concerts', 'update concerts set band_id = 3 where id = 1'),
    finding: () => 'torn: concert 1: band_id is 3 beside a document that makes it 1',
  },
  {
    fault: 'a band lies under another key',
    plant: async (editor) => editor.run('bands', `update bands set key = 'elsewhere' where id = 1`),
    finding: () => 'torn: band 1: key is "elsewhere" beside a document that makes it "the imported"',
  },
  {
    fault: 'an event lies under another name',
    plant: async (editor) => editor.run('events', `update events set folded = 'x' where id = 1`),
    finding: () => 'torn: event 1: folded is "x" beside a document that makes it "new nights"',
  },
  {
    fault: 'a venue has no position',
    plant: async (editor) => editor.run('venues', 'delete from venue_positions where id = 1'),
    finding: () => 'torn: venue 1: latitude is null beside a document that makes it 53.5',
  },
  {
    fault: 'a position is that of no venue',
    plant: async (editor) => editor.run('venues', 'insert into venue_positions values (999, 1, 1, 1, 1, 1, 1)'),
    finding: () => 'torn: venue 999: it has a position and is not there',
  },
  {
    fault: 'a document is cut off',
    plant: async (editor) => editor.run('bands', 'update bands set document = substr(document, 1, 20) where id = 1'),
    finding: () => 'torn: band 1: its document cannot be read',
  },
  {
    fault: 'an entity is both live and deleted',
    plant: async (editor, { deletedConcert }) =>
      editor.run('concerts', 'update tombstones set id = 1, key = null where id = ?', deletedConcert),
    finding: () => 'doubled: concert 1: it is both live and deleted',
  },
  {
    fault: 'a deleted one keeps the key of a live one',
    plant: async (editor, { deletedConcert }) =>
      editor.run(
        'concerts',
        `update tombstones set key = (select band_id || '|' || venue_id || '|' || date from concerts where id = 1) where id = ?`,
        deletedConcert,
      ),
    finding: () => 'doubled: concert 1: it is live under a key that a deleted one keeps',
  },
  {
    fault: 'records are counted wrong',
    plant: async (editor) => editor.run('events', 'update store set records = records + 1'),
    finding: () => 'torn: the store of events: ',
  },
  {
    fault: 'a history is that of no execution',
    plant: async (editor) => editor.run('orchestrator', `insert into history values ('nobody', 0, '{}')`),
    finding: () => 'torn: execution nobody: it has a history and is not there',
  },
];

const mongoFaults: Fault<MongoEditor>[] = [
  {
    fault: 'a concert lies under another day',
    plant: (editor) => editor.update('concerts', 'concerts', 1, { $set: { place: Buffer.alloc(12) } }),
    finding: () => 'torn: concert 1: place is "000000000000000000000000" beside a document that makes it ',
  },
  {
    fault: 'a band lies under another key',
    plant: (editor) => editor.update('bands', 'bands', 1, { $set: { key: 'elsewhere' } }),
    finding: () => 'torn: band 1: key is "elsewhere" beside a document that makes it "the imported"',
  },
  {
    fault: 'a venue lies elsewhere',
    plant: (editor) => editor.update('venues', 'venues', 1, { $set: { 'position.coordinates': [0, 0] } }),
    finding: () => 'torn: venue 1: position is ',
  },
  {
    fault: 'a deleted one has fields',
    plant: (editor, { deletedConcert }) => editor.update('concerts', 'concerts', deletedConcert, { $set: { bandId: 1 } }),
    finding: ({ deletedConcert }) => `torn: concert ${deletedConcert}: it is deleted and still has fields`,
  },
  {
    fault: 'a document lacks what it must have',
    plant: (editor) => editor.update('bands', 'bands', 1, { $unset: { name: 1 } }),
    finding: () => 'torn: band 1: its document is no record: name ',
  },
];

describe('an audit of SQLite files', () => {
  let folder: string;
  let dataDir: string;
  let left: Left;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backline-audit-'));
    left = await storyIn({ DATA_DIR: join(folder, 'filled') });
  }, STORY_TIMEOUT_MS);
  beforeEach(async () => {
    dataDir = join(folder, 'planted');
    await cp(join(folder, 'filled'), dataDir, { recursive: true });
  });
  afterEach(() => rm(dataDir, { recursive: true }));
  afterAll(() => rm(folder, { recursive: true }));

  const findings = async () => (await audit(readConfig({ DATA_DIR: dataDir }))).findings;

  test('finds nothing wrong where writes of every kind were done, refused, undone, and one still runs', async () => {
    expect(await findings()).toEqual([]);
  });

  test.each<Fault<SqliteEditor>>([...faults, ...sqliteFaults])('finds that $fault', async ({ plant, finding }) => {
    await plant(new SqliteEditor(dataDir), left);
    expect(await findings()).toContainEqual(expect.stringContaining(finding(left)));
  });

  test('ends with 0 and what it looked at, with 1 and what it found, and with 2 when it is misused', async () => {
    const run = (environment: Record<string, string>, ...words: string[]) => {
      const options = { cwd: folder, env: environment, encoding: 'utf8', timeout: RUN_TIMEOUT_MS } as const;
      const { status, stdout, stderr } = spawnSync(process.execPath, [AUDIT, ...words], options);
      return { status, stdout, stderr };
    };
    const well = run({ DATA_DIR: dataDir });
    expect(well).toMatchObject({ status: 0, stderr: '' });
    expect(well.stdout).toMatch(
      /^nothing is wrong: looked at \d+ bands and \d+ deleted, .*, \d+ executions that have ended and 1 that run\n$/,
    );
    await new SqliteEditor(dataDir).remove('concerts', left.concert);
    const ill = run({ DATA_DIR: dataDir });
    expect(ill).toMatchObject({ status: 1, stderr: '' });
    expect(ill.stdout).toContain(`lost: concert ${left.concert}: it is not there`);
    const nowhere = run({ DATA_DIR: join(folder, 'nowhere') });
    expect(nowhere).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('there is no store') });
    expect(run({ DATA_DIR: dataDir }, '--deep')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('--deep'),
    });
    expect(run({}, '--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('npm run audit'), stderr: '' });
  });
});

describeOnMongo('an audit of MongoDB databases', (mongo) => {
  let editor: MongoEditor;
  let left: Left;
  let copies: Copy[];

  beforeAll(async () => {
    left = await storyIn(variablesOf(mongo()));
    editor = await MongoEditor.connect(mongo().urlOf('audit'));
    copies = await copiesOf(editor);
  }, STORY_TIMEOUT_MS);
  afterEach(async () => {
    for (const copy of copies) await restore(editor, copy);
  });
  afterAll(() => editor?.close());

  const findings = async () => (await audit(readConfig(variablesOf(mongo())))).findings;

  test('finds nothing wrong where writes of every kind were done, refused, undone, and one still runs', async () => {
    expect(await findings()).toEqual([]);
  });

  test.each<Fault<MongoEditor>>([...mongoFaults, ...faults])('finds that $fault', async ({ plant, finding }) => {
    await plant(editor, left);
    expect(await findings()).toContainEqual(expect.stringContaining(finding(left)));
  });
});

async function storyIn(variables: Record<string, string>): Promise<Left> {
  const system = await System.start(variables);
  try {
    return await leaveAStory(system);
  } finally {
    await system.close();
  }
}

const variablesOf = (mongo: TestMongo) => ({ MONGO_URL: mongo.urlOf('audit') });

type Copy = { store: StoreName; collection: string; documents: { _id: never }[] };

async function copiesOf(editor: MongoEditor): Promise<Copy[]> {
  const copies: Copy[] = [];
  for (const store of [...serviceNames, 'orchestrator'] as const)
    for (const { collectionName } of await editor.db(store).collections())
      copies.push({ store, collection: collectionName, documents: await documentsOf(editor, store, collectionName) });
  return copies;
}

const documentsOf = (editor: MongoEditor, store: StoreName, collection: string) =>
  editor.db(store).collection<{ _id: never }>(collection).find().toArray();

async function restore(editor: MongoEditor, { store, collection, documents }: Copy): Promise<void> {
  if (documents.length === 0) return;
  await editor.db(store).collection(collection).deleteMany({});
  await editor.db(store).collection<{ _id: never }>(collection).insertMany(documents);
}
