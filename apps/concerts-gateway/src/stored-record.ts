import type { FastifyReply } from 'fastify';
import Type from 'typebox';
import { assertFaultless, sendRecord, versionETag } from '#http';
import { Fault } from '#problem';
import { possible, SERVED_BY_SERVICES } from '#read-model';
import { sayServed } from './answers.js';
import type { CleanRead } from './read-parameters.js';

/** A record that only its service answers has no parameters. */
export const NoParameters = Type.Object({}, { additionalProperties: false });

/** Which record is asked for. */
export interface AskedRecord {
  kind: string;
  id: number;
  given: CleanRead<object>;
}

/** Sends the record of an id as it is stored, its version as its ETag. @throws Fault NotFound */
export async function sendStored<R extends { version: number }>(
  reply: FastifyReply,
  { kind, id, given }: AskedRecord,
  read: (ids: number[]) => Promise<ReadonlyMap<number, R>>,
): Promise<void> {
  assertFaultless(given.faults);
  const record = (await read(possible([id]))).get(id);
  if (!record) throw new Fault('NotFound', `there is no ${kind} ${id}`);
  sayServed(reply, SERVED_BY_SERVICES);
  sendRecord(reply, record, versionETag(record));
}
