import type { FastifyReply } from 'fastify';
import { folded, type ListRequest, MAX_PAGE_SIZE, type NamedSearch } from '#contracts';
import { assertFaultless, type Clean } from '#http';
import { SERVED_BY_SERVICES } from '#read-model';
import { sendList } from './answers.js';
import { decodeCursor, encodeCursor, readNameKey } from './cursor.js';

/** A list by name, from its parameters to its answer. `read` asks the service that owns the records. */
export async function sendByName<R extends { id: number; name: string }>(
  reply: FastifyReply,
  { value, faults }: Clean<NamedSearch>,
  read: (request: ListRequest) => Promise<{ items: R[] }>,
): Promise<void> {
  const { name, limit = MAX_PAGE_SIZE } = value;
  const all = [...faults];
  const after = decodeCursor(value.cursor, { name }, readNameKey, all);
  assertFaultless(all);
  const { items } = await read({ ...(name !== undefined && { name }), ...(after && { after }), limit: limit + 1 });
  const rows = items.slice(0, limit);
  const last = rows.at(-1);
  const next = items.length > limit && last ? encodeCursor({ name }, [folded(last.name), last.id]) : undefined;
  sendList(reply, { ...SERVED_BY_SERVICES, rows, next });
}
