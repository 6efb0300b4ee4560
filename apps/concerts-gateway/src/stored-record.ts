import type { FastifyReply } from 'fastify';
import { sendRecord, versionETag } from '#http';
import { Fault } from '#problem';
import { possible } from '#read-model';

/** Sends the record of an id as it is stored, its version as its ETag. @throws Fault NotFound */
export async function sendStored<R extends { version: number }>(
  reply: FastifyReply,
  kind: string,
  id: number,
  read: (ids: number[]) => Promise<ReadonlyMap<number, R>>,
): Promise<void> {
  const record = (await read(possible([id]))).get(id);
  if (!record) throw new Fault('NotFound', `there is no ${kind} ${id}`);
  sendRecord(reply, record, versionETag(record));
}
