import { describe, expect, test } from '@jest/globals';
import { type Band, type BandRow, type EventRow, folded, MAX_ID } from '#contracts';
import { openBandStore, openConcertStore, openEventStore, openVenueStore } from '../src/index.js';
import { past, type StoreUnderTest, silent, soon, storeForTests } from './place.js';

/** A Unicode character that UTF-16 sorts before, and code points sort behind, the full-width letters. */
const ASTRAL = '\u{1d518}';
const FULL_WIDTH = '\uff3a\uff3a';

export function recordsContract(store: StoreUnderTest): void {
  describe('of bands', () => bandsContract(store));
  describe('of events, which have no natural key', () => eventsContract(store));
  describe('of venues and concerts', () => keysContract(store));
  describe('by name', () => namesContract(store));
  describe('and their ids', () => idsContract(store));
}

function bandsContract(store: StoreUnderTest): void {
  const bands = storeForTests(store, 'bands', openBandStore);
  const upsert = (...rows: BandRow[]) => bands().upsert(rows, soon());
  const get = async (id: number): Promise<Band | undefined> => (await bands().byIds([id], soon()))[0];

  test('a row without id is created, and found again by its natural key', async () => {
    const [created] = await upsert({ name: 'The  Kinks', genres: ['rock'] });
    const id = created?.id ?? 0;
    expect(created).toEqual({ id, outcome: 'created' });
    expect(await get(id)).toEqual({ id, name: 'The  Kinks', genres: ['rock'], aliases: [], externalIds: [], version: 1 });
    expect(await upsert({ name: 'THE kinks', genres: ['beat'] })).toEqual([{ id, outcome: 'updated' }]);
    expect(await get(id)).toEqual({ id, name: 'THE kinks', genres: ['beat'], aliases: [], externalIds: [], version: 2 });
  });

  test('the fields of a record come in the order of its schema', async () => {
    const [created] = await upsert({ externalIds: [], name: 'In order', aliases: ['a'] });
    const band = await get(created?.id ?? 0);
    expect(Object.keys(band ?? {})).toEqual(['id', 'name', 'genres', 'aliases', 'externalIds', 'version']);
  });

  test('a row that says what is stored changes nothing, and each change counts the version up by one', async () => {
    const row = { id: 500, name: 'Counted', externalIds: [{ system: 'musicbrainz', id: 'x' }] };
    expect(await upsert(row)).toEqual([{ id: 500, outcome: 'created' }]);
    expect(await upsert(row)).toEqual([{ id: 500, outcome: 'unchanged' }]);
    expect(await upsert({ ...row, genres: ['a'] })).toEqual([{ id: 500, outcome: 'updated' }]);
    expect(await upsert({ ...row, genres: ['b'] })).toEqual([{ id: 500, outcome: 'updated' }]);
    expect((await get(500))?.version).toBe(3);
  });

  test('names that differ in more than case and white space are different bands', async () => {
    const outcomes = await upsert(
      { name: '!!!' },
      { name: '†††' },
      { name: 'K-OS' },
      { name: 'KOS' },
      { name: 'Motörhead' },
      { name: 'Motorhead' },
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array(6).fill('created'));
    expect(new Set(outcomes.map(({ id }) => id)).size).toBe(6);
  });

  test('a row with its own id and a taken name is kept, and says who holds the name', async () => {
    expect(await upsert({ id: 600, name: 'Nirvana' }, { id: 601, name: 'nirvana' })).toEqual([
      { id: 600, outcome: 'created' },
      { id: 601, outcome: 'created', keyHolder: 600 },
    ]);
    expect(await upsert({ id: 602, name: 'NIRVANA' })).toEqual([{ id: 602, outcome: 'created', keyHolder: 600 }]);
    expect(await upsert({ id: 601, name: 'nirvana' })).toEqual([{ id: 601, outcome: 'unchanged', keyHolder: 600 }]);
    expect(await upsert({ id: 601, name: 'nirvana', genres: ['a'] })).toEqual([{ id: 601, outcome: 'updated', keyHolder: 600 }]);
    expect(await upsert({ name: 'Nirvana', genres: ['grunge'] })).toEqual([{ id: 600, outcome: 'updated' }]);
  });

  test('a renamed band leaves its name to others', async () => {
    await upsert({ id: 610, name: 'Warsaw' });
    expect(await upsert({ id: 610, name: 'Joy Division' })).toEqual([{ id: 610, outcome: 'updated' }]);
    expect(await upsert({ id: 611, name: 'Warsaw' })).toEqual([{ id: 611, outcome: 'created' }]);
    expect((await upsert({ name: 'joy division' }))[0]?.id).toBe(610);
  });

  test('rows of one batch follow one another', async () => {
    const outcomes = await upsert(
      { name: 'Twice' },
      { name: 'twice', genres: ['a'] },
      { name: 'TWICE', genres: ['a'] },
      { name: 'TWICE', genres: ['a'] },
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['created', 'updated', 'updated', 'unchanged']);
    expect(new Set(outcomes.map(({ id }) => id)).size).toBe(1);
    expect((await get(outcomes[0]?.id ?? 0))?.version).toBe(3);
  });

  test('a name that a row frees is taken by a later row of the same batch', async () => {
    await upsert({ id: 620, name: 'Old name' });
    expect(await upsert({ id: 620, name: 'New name' }, { id: 621, name: 'Old name' })).toEqual([
      { id: 620, outcome: 'updated' },
      { id: 621, outcome: 'created' },
    ]);
  });

  test('a twin holds the name when its holder is renamed, in another batch or in the same', async () => {
    await upsert({ id: 640, name: 'Foo' }, { id: 642, name: 'foo' }, { id: 643, name: 'FOO' });
    await upsert({ id: 640, name: 'Bar' });
    expect(await upsert({ id: 639, name: 'Foo' }, { name: 'Foo' })).toEqual([
      { id: 639, outcome: 'created', keyHolder: 642 },
      { id: 642, outcome: 'updated' },
    ]);
    expect(await upsert({ id: 642, name: 'Baz' }, { name: 'foo', genres: ['a'] }, { id: 643, name: 'FOO' })).toEqual([
      { id: 642, outcome: 'updated' },
      { id: 639, outcome: 'updated' },
      { id: 643, outcome: 'unchanged', keyHolder: 639 },
    ]);
    expect(await upsert({ name: 'FOO' })).toMatchObject([{ id: 639 }]);
  });

  test('bands that exchange their names in one batch each keep a record of their own', async () => {
    await upsert({ id: 630, name: 'Left' }, { id: 631, name: 'Right' });
    await upsert({ id: 630, name: 'In between' }, { id: 631, name: 'Left' }, { id: 630, name: 'Right' });
    expect((await bands().byIds([630, 631], soon())).map(({ name }) => name)).toEqual(['Right', 'Left']);
    expect(await upsert({ name: 'Right' }, { name: 'Left' })).toEqual([
      { id: 630, outcome: 'unchanged' },
      { id: 631, outcome: 'unchanged' },
    ]);
  });

  test('by ids: ascending, once each, without those that are missing', async () => {
    await upsert({ id: 703, name: 'c' }, { id: 701, name: 'a' }, { id: 702, name: 'b' });
    const found = await bands().byIds([703, 799, 701, 701, 702, MAX_ID], soon());
    expect(found.map(({ id }) => id)).toEqual([701, 702, 703]);
    expect(await bands().byIds([], soon())).toEqual([]);
  });

  test('500 rows at once keep their order, and are counted', async () => {
    const before = await bands().count(soon());
    const rows = Array.from({ length: 500 }, (_, index) => ({ id: 10_000 + ((index * 7) % 500), name: `Band ${index}` }));
    const outcomes = await upsert(...rows);
    expect(outcomes.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(await bands().count(soon())).toBe(before + 500);
    expect(await upsert()).toEqual([]);
  });

  test('many writers of one natural key make one band', async () => {
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => upsert({ name: 'Contested' }, { name: 'Contested too' })));
    expect(new Set(outcomes.map(([first]) => first?.id)).size).toBe(1);
    expect(new Set(outcomes.map(([, second]) => second?.id)).size).toBe(1);
    expect(outcomes.flat().filter(({ outcome }) => outcome === 'created')).toHaveLength(2);
  });

  test('many writers of one band all count', async () => {
    await upsert({ id: 800, name: 'Busy' });
    await Promise.all(Array.from({ length: 8 }, (_, index) => upsert({ id: 800, name: 'Busy', genres: [`${index}`] })));
    expect((await get(800))?.version).toBe(9);
  });

  test('what is late is Timeout, and writes nothing', async () => {
    const timeout = expect.objectContaining({ code: 'Timeout' });
    await expect(bands().upsert([{ id: 900, name: 'Late' }], past)).rejects.toEqual(timeout);
    await expect(bands().byIds([900], past)).rejects.toEqual(timeout);
    await expect(bands().list({ limit: 1 }, past)).rejects.toEqual(timeout);
    await expect(bands().count(past)).rejects.toEqual(timeout);
    await expect(bands().ping(past)).rejects.toEqual(timeout);
    expect(await bands().byIds([900], soon())).toEqual([]);
  });
}

function eventsContract(store: StoreUnderTest): void {
  const events = storeForTests(store, 'events', openEventStore);
  const festival = (id: number, name: string): EventRow => ({ id, name, kind: 'festival', startDate: 0, endDate: 86_400_000 });

  test('two of one name are two', async () => {
    const rows = [festival(1, 'Primavera'), festival(2, 'Primavera')];
    expect(await events().upsert(rows, soon())).toEqual([
      { id: 1, outcome: 'created' },
      { id: 2, outcome: 'created' },
    ]);
    expect(await events().byIds([1, 2], soon())).toEqual(rows.map((row) => ({ ...row, url: null, externalIds: [], version: 1 })));
    expect(await events().list({ name: 'prima', after: { name: 'primavera', id: 1 }, limit: 9 }, soon())).toMatchObject([
      { id: 2 },
    ]);
  });
}

function keysContract(store: StoreUnderTest): void {
  const venues = storeForTests(store, 'venues', openVenueStore);
  const concerts = storeForTests(store, 'concerts', openConcertStore);

  test('a venue is known by its name and its position to four decimals', async () => {
    const venue = { name: 'Olympia', latitude: 48.87, longitude: -0.00001 };
    const outcomes = await venues().upsert(
      [venue, { ...venue, name: 'olympia', longitude: 0.00001 }, { ...venue, longitude: 0.0001 }],
      soon(),
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['created', 'updated', 'created']);
    expect(outcomes[1]?.id).toBe(outcomes[0]?.id);
  });

  test('the time zone of a venue is that of its position, unless it is given', async () => {
    const row = { name: 'Zone', latitude: 48.87, longitude: 2.33 };
    await venues().upsert(
      [
        { id: 50, ...row },
        { id: 51, ...row, name: 'Other', timeZone: 'Europe/Berlin' },
      ],
      soon(),
    );
    expect((await venues().byIds([50, 51], soon())).map(({ timeZone }) => timeZone)).toEqual(['Europe/Paris', 'Europe/Berlin']);
  });

  test('a concert is known by band, venue and date', async () => {
    const concert = { bandId: 1, venueId: 2, date: -1 };
    const [first, again, later, own] = await concerts().upsert(
      [concert, { ...concert, status: 'cancelled' }, { ...concert, date: 0 }, { id: 77, ...concert }],
      soon(),
    );
    expect(first?.outcome).toBe('created');
    expect(again).toEqual({ id: first?.id, outcome: 'updated' });
    expect(later?.outcome).toBe('created');
    expect(own).toEqual({ id: 77, outcome: 'created', keyHolder: first?.id });
    expect(await concerts().byIds([first?.id ?? 0], soon())).toEqual([
      {
        id: first?.id,
        ...concert,
        eventId: null,
        status: 'cancelled',
        role: 'headliner',
        billingIndex: 0,
        url: null,
        externalIds: [],
        version: 2,
      },
    ]);
  });
}

function namesContract(store: StoreUnderTest): void {
  const bands = storeForTests(store, 'bands', openBandStore);
  const names = [
    'Éclair',
    'eclair',
    'ECLIPSE',
    'Zebra',
    'zèbre',
    FULL_WIDTH,
    ASTRAL,
    '!!!',
    'Ed',
    'É',
    '50 Cent',
    `e${ASTRAL}`,
    'e\uffee',
  ];
  const list = async (request: { name?: string; after?: { name: string; id: number }; limit: number }) =>
    (await bands().list(request, soon())).map(({ id }) => id);
  const codePoints = (text: string) =>
    [...text].map((character) => character.codePointAt(0)?.toString(16).padStart(6, '0')).join();
  const rows = names.flatMap((name, index) => [
    { id: index + 1, name },
    { id: index + 101, name },
  ]);
  const expected = (prefix: string) =>
    rows
      .map(({ id, name }) => ({ id, order: codePoints(folded(name)), name: folded(name) }))
      .filter(({ name }) => name.startsWith(folded(prefix)))
      .sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : a.id - b.id));

  test('all come in the order of the code points of their folded names, then of their ids', async () => {
    await bands().upsert(rows, soon());
    expect(await list({ limit: 1_000 })).toEqual(expected('').map(({ id }) => id));
  });

  test.each(['e', 'É', 'ECL', 'éc', 'z', ASTRAL, 'zz', 'nothing', '5', '!'])('a beginning finds its own: %s', async (prefix) => {
    expect(await list({ name: prefix, limit: 1_000 })).toEqual(expected(prefix).map(({ id }) => id));
  });

  test.each(['', 'e'])('pages of every size give each once: beginning "%s"', async (prefix) => {
    const all = expected(prefix);
    for (const limit of [1, 2, 3, 7]) {
      const found: number[] = [];
      let after: { name: string; id: number } | undefined;
      for (;;) {
        const page = await bands().list({ ...(prefix && { name: prefix }), ...(after && { after }), limit }, soon());
        found.push(...page.map(({ id }) => id));
        const last = page.at(-1);
        if (!last || page.length < limit) break;
        after = { name: folded(last.name), id: last.id };
      }
      expect(found).toEqual(all.map(({ id }) => id));
    }
  });

  test('a place before the beginning or behind it is harmless', async () => {
    expect(await list({ name: 'z', after: { name: 'a', id: 5 }, limit: 100 })).toEqual(expected('z').map(({ id }) => id));
    expect(await list({ name: 'e', after: { name: 'z', id: 5 }, limit: 100 })).toEqual([]);
  });
}

function idsContract(store: StoreUnderTest): void {
  const bands = storeForTests(store, 'bands', openBandStore);
  const create = async (...rows: BandRow[]) => (await bands().upsert(rows, soon())).map(({ id }) => id);

  test('new ids are never reused, and above every id that came with a row', async () => {
    const [first = 0, second = 0] = await create({ name: 'one' }, { name: 'two' });
    expect(second).toBe(first + 1);
    await create({ id: 5_000, name: 'given' });
    expect((await create({ name: 'three' }))[0]).toBeGreaterThan(5_000);
    await create({ id: 4_000, name: 'given below' });
    const [fourth = 0] = await create({ name: 'four' });
    expect(fourth).toBeGreaterThan(5_001);
    const parallel = await Promise.all(
      Array.from({ length: 6 }, (_, index) => create({ name: `a ${index}` }, { name: `b ${index}` })),
    );
    expect(new Set(parallel.flat()).size).toBe(12);
    expect(Math.min(...parallel.flat())).toBeGreaterThan(fourth);
  });

  test('new ids are above every id of their batch, in whatever order its rows come', async () => {
    const ids = await create({ name: 'new before' }, { id: 20_001, name: 'given behind' }, { name: 'new behind' });
    expect(ids).toEqual([20_002, 20_001, 20_003]);
    const [next = 0] = await create({ name: 'next' });
    const [fresh = 0, ...rest] = await create(
      { id: 20_001, name: 'freeing' },
      { name: 'given behind' },
      { id: next + 1, name: 'x' },
    );
    expect(fresh).toBe(20_001);
    expect(rest).toEqual([next + 2, next + 1]);
    expect(await create({ name: 'new before' }, { name: 'x' })).toEqual([20_002, next + 1]);
  });

  test('in an empty store, a row with the first id does not meet a new one', async () => {
    const empty = await openBandStore({ name: 'bands', ...(await store.newPlace()) }, silent);
    const outcomes = await empty.upsert([{ name: 'A' }, { id: 1, name: 'B' }], soon());
    expect(outcomes).toEqual([
      { id: 2, outcome: 'created' },
      { id: 1, outcome: 'created' },
    ]);
    expect(await empty.byIds([1, 2], soon())).toMatchObject([{ name: 'B' }, { name: 'A' }]);
    expect(await empty.count(soon())).toBe(2);
    await empty.close();
  });

  test('the largest id can be stored; behind it a new row is refused with its whole batch, a given one is not', async () => {
    await create({ id: MAX_ID, name: 'the last' });
    expect((await bands().byIds([MAX_ID], soon()))[0]?.name).toBe('the last');
    await expect(create({ id: 6_000, name: 'with it' }, { name: 'one more' })).rejects.toMatchObject({ code: 'Conflict' });
    expect(await bands().byIds([6_000], soon())).toEqual([]);
    expect(await create({ id: 6_001, name: 'by itself' })).toEqual([6_001]);
  });
}
