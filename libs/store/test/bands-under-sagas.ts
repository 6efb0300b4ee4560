import type { Band, BandRow, Taken } from '#contracts';
import type { BandStore } from '../src/index.js';
import { soon } from './place.js';
import { newStep } from './step-keys.js';

/** What the tests ask of the bands. */
export function asking(opened: () => BandStore) {
  const get = async (id: number): Promise<Band | undefined> => (await opened().byIds([id], soon()))[0];
  const create = (name: string, step = newStep(), generation = 0) =>
    opened().steps.create({ stepKey: step, row: { name }, generation }, soon());
  const hold = (name: string, step = newStep(), generation = 0) =>
    opened().steps.hold({ stepKey: step, part: { row: { name } }, generation }, soon());
  const holdId = (id: number, step = newStep(), evenPinned = false) =>
    opened().steps.hold({ stepKey: step, part: { id }, generation: 0, evenPinned }, soon());
  const undo = (name: string, step: string) => opened().steps.undo({ stepKey: step, part: { row: { name } } }, soon());
  const undoId = (id: number, step: string, evenPinned = false) =>
    opened().steps.undo({ stepKey: step, part: { id }, evenPinned }, soon());
  const pin = (id: number, step: string) => opened().steps.pin({ stepKey: step, id }, soon());
  const patch = (id: number, expectedVersion: number, fields: Record<string, unknown>, step = newStep()) =>
    opened().steps.patch({ stepKey: step, id, expectedVersion, patch: fields }, soon());
  const replace = (id: number, expectedVersion: number, row: { name: string; genres?: string[] }, step = newStep()) =>
    opened().steps.replace({ stepKey: step, id, expectedVersion, row }, soon());
  const retire = (id: number, expectedVersion: number, step: string) =>
    opened().steps.retire({ stepKey: step, id, expectedVersion, evenHeld: true }, soon());
  const unretire = (id: number, step: string) => opened().steps.unretire({ stepKey: step, id }, soon());
  const remove = (id: number, expectedVersion: number, step: string) =>
    opened().steps.delete({ stepKey: step, id, expectedVersion }, soon());
  const check = (id: number) => opened().steps.check({ id }, soon());
  const unheld = (id: number) => opened().steps.unheld({ id }, soon());
  const upsert = (...rows: BandRow[]) => opened().upsert(rows, soon());
  const count = () => opened().count(soon());
  const named = async (name: string) => (await opened().list({ name, limit: 100 }, soon())).map(({ id }) => id);

  /** A band that some execution has made for good. */
  async function made(name: string): Promise<number> {
    const step = newStep();
    const { id } = taken(await create(name, step));
    await pin(id, step);
    return id;
  }
  async function deleted(id: number, version: number): Promise<void> {
    const step = newStep();
    await retire(id, version, step);
    await remove(id, version, step);
  }
  const calls = { get, create, hold, holdId, undo, undoId, pin, patch, replace, retire, unretire, remove, check, unheld };
  return { ...calls, upsert, count, named, made, deleted };
}

/** The answer of a create or a hold that wants no repeat. */
export function taken(answer: object): Taken {
  if (!isTaken(answer)) throw new Error(`an entity was expected, not ${JSON.stringify(answer)}`);
  return answer;
}

const isTaken = (answer: object): answer is Taken => 'id' in answer;
