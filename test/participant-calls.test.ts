import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bandSteps, type CallContract, concertSteps, eventSteps, type ReplyOf, type RequestOf, venueSteps } from '#contracts';
import { System } from './support/system.js';

let system: System;
beforeAll(async () => {
  system = await System.start();
});
afterAll(() => system.close());

type Service = 'bands' | 'venues' | 'events' | 'concerts';
let executions = 0;

function newStep(about: string): string {
  executions += 1;
  return `01900000-0000-7000-8000-${String(executions).padStart(12, '0')}/${about}`;
}

const call = <C extends CallContract>(service: Service, contract: C, request: RequestOf<C>): Promise<ReplyOf<C>> =>
  system.clients[service].call(contract, request, system.context());

const kinds = {
  bands: { steps: bandSteps, row: { name: 'Called' }, patch: { genres: ['a'] } },
  venues: { steps: venueSteps, row: { name: 'Called', latitude: 1, longitude: 2 }, patch: { city: 'Somewhere' } },
  events: {
    steps: eventSteps,
    row: { name: 'Called', kind: 'bill' as const, startDate: 0, endDate: 1 },
    patch: { url: 'https://example.org' },
  },
};

describe.each(['bands', 'venues', 'events'] as const)('%s', (service) => {
  const { steps, row, patch } = kinds[service];
  const ask = (name: keyof typeof steps, request: object): Promise<unknown> => call(service, steps[name], Object(request));

  test('answer every call of the participant protocol', async () => {
    const [making, holding, changing, deleting] = [newStep('a'), newStep('b'), newStep('c'), newStep('d')];
    const made = await ask('create', { stepKey: making, row });
    const { id } = Object(made);
    expect(made).toEqual({ id: expect.any(Number), version: 1, created: true, held: true });
    const held = { stepKey: holding, part: { id }, generation: 0 };
    expect(await ask('hold', held)).toEqual({ id, version: 1, created: false, held: true });
    expect(await ask('undo', { stepKey: holding, part: { id } })).toEqual({ live: true });
    await expect(ask('hold', held)).rejects.toMatchObject({ code: 'Cancelled' });
    expect(await ask('pin', { stepKey: making, id })).toEqual({});
    const patched = { ...row, ...patch, id, version: 2 };
    expect(await ask('patch', { id, stepKey: changing, expectedVersion: 1, patch })).toMatchObject(patched);
    const replacing = { id, stepKey: newStep('e'), expectedVersion: 2, row };
    expect(await ask('replace', replacing)).toMatchObject({ ...row, id, version: 3 });
    expect(await ask('check', { id })).toMatchObject({ ...row, id, version: 3 });
    expect(await ask('retire', { id, stepKey: holding, expectedVersion: 3 }).catch(Object)).toMatchObject({ code: 'Cancelled' });
    expect(await ask('retire', { id, stepKey: deleting, expectedVersion: 3 })).toEqual({});
    expect(await ask('unheld', { id })).toEqual({});
    expect(await ask('delete', { id, stepKey: deleting, expectedVersion: 3 })).toEqual({ version: 4 });
    expect(await ask('unretire', { id, stepKey: deleting })).toEqual({});
    await expect(ask('check', { id })).rejects.toMatchObject({ code: 'NotFound' });
  });

  test('refuse requests that are not as their contract says, with every fault', async () => {
    const id = 1;
    const stepKey = newStep('a');
    const invalid = (...parameters: string[]) => ({
      code: 'ValidationError',
      fields: expect.arrayContaining(parameters.map((parameter) => expect.objectContaining({ parameter }))),
    });
    await expect(ask('create', { stepKey: 'mine', row: {} })).rejects.toMatchObject(invalid('/stepKey', '/row/name'));
    await expect(ask('create', { stepKey, row: { ...row, id } })).rejects.toMatchObject(invalid('/row/id'));
    await expect(ask('hold', { stepKey, part: { id: 0 } })).rejects.toMatchObject({ code: 'ValidationError' });
    await expect(ask('undo', { part: { id } })).rejects.toMatchObject(invalid('/stepKey'));
    await expect(ask('pin', { stepKey })).rejects.toMatchObject(invalid('/id'));
    const change = { id, stepKey, expectedVersion: 1 };
    await expect(ask('patch', { ...change, patch: { name: null, planet: 1 } })).rejects.toMatchObject(
      invalid('/patch/name', '/patch/planet'),
    );
    await expect(ask('replace', { ...change, expectedVersion: 0, row })).rejects.toMatchObject(invalid('/expectedVersion'));
    await expect(ask('delete', { id, stepKey })).rejects.toMatchObject(invalid('/expectedVersion'));
    await expect(ask('retire', { ...change, id: 'x' })).rejects.toMatchObject(invalid('/id'));
    await expect(ask('unretire', {})).rejects.toMatchObject(invalid('/id', '/stepKey'));
    await expect(ask('unheld', {})).rejects.toMatchObject(invalid('/id'));
    await expect(ask('check', {})).rejects.toMatchObject(invalid('/id'));
  });
});

test('concerts answer them too, count those of a band and delete them', async () => {
  const row = { bandId: 7, venueId: 8, date: 9 };
  const [making, changing] = [newStep('a'), newStep('b')];
  const { id } = Object(await call('concerts', concertSteps.create, { stepKey: making, row }));
  await call('concerts', concertSteps.pin, { stepKey: making, id });
  const change = { id, stepKey: changing, expectedVersion: 1 };
  expect(await call('concerts', concertSteps.patch, { ...change, patch: { date: 10 } })).toMatchObject({ date: 10, version: 2 });
  const of = { bandId: 7 };
  expect(await call('concerts', concertSteps.countOf, { of, atMost: 1 })).toEqual({ count: 1 });
  await expect(call('concerts', concertSteps.countOf, { of, atMost: 0 })).rejects.toMatchObject({
    code: 'Conflict',
    detail: '1 concert refers to it',
  });
  const cascade = { of, stepKey: newStep('cascade') };
  const seen = await call('concerts', concertSteps.deleteOf, cascade);
  expect(seen).toEqual({ repeat: { deleted: 0, concerts: [{ id, version: 2 }] } });
  expect(await call('concerts', concertSteps.deleteOf, { ...cascade, ...Object(seen).repeat })).toEqual({ deleted: 1 });
  const bad = { of: { planetId: 1 }, stepKey: making };
  await expect(call('concerts', concertSteps.deleteOf, Object(bad))).rejects.toMatchObject({ code: 'ValidationError' });
});
