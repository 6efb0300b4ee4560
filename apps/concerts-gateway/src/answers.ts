import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseQuery } from '#http';
import type { Freshness, Part, Served, Stage } from '#read-model';

/** Of all links together: with the other headers, well below what clients take. */
const MAX_LINKS_LENGTH = 12_288;

/** Which read model answered, and how new its answer had to be. */
export interface ServedAs extends Served, Partial<Pick<Freshness, 'consistency'>> {
  stages?: readonly Stage[];
}

export interface ListAnswer extends ServedAs {
  rows: readonly object[];
  /** The cursor of the next page; none on the last. */
  next?: string | undefined;
  missing?: readonly Part[];
}

/** Sends a list: its rows as a JSON array, and what belongs to it in headers. */
export function sendList(reply: FastifyReply, { rows, next, missing = [], ...served }: ListAnswer): void {
  sayServed(reply, served);
  sayPartial(reply, missing);
  if (next !== undefined) reply.header('next-cursor', next);
  const links = reply.request.method === 'POST' ? '' : pageLinks(reply.request, next);
  if (links !== '') reply.header('link', links);
  // As bytes at once: a long text would be encoded twice, for its hash and for the socket.
  void reply.type('application/json; charset=utf-8').send(Buffer.from(JSON.stringify(rows)));
}

/**
 * Says which read model answered, how old its data may be and how long it took. A cache must not give what was kept for one
 * who named no change to one who names some, and must ask again for one who wants a strong answer.
 */
export function sayServed(reply: FastifyReply, { servedBy, dataAgeMs, consistency, stages = [] }: ServedAs): void {
  reply.header('served-by', servedBy).header('data-age', String(dataAgeMs));
  reply.header('vary', [reply.getHeader('vary') ?? [], 'after-change'].flat().join(', '));
  if (consistency === 'strong') reply.header('cache-control', 'no-cache');
  reply.header('server-timing', serverTiming(stages, reply.elapsedTime));
}

/** Names the services whose details are missing; an answer without them is not for a cache to keep. */
export function sayPartial(reply: FastifyReply, missing: readonly Part[]): void {
  if (missing.length > 0) reply.header('partial', missing.join(', ')).header('cache-control', 'no-cache');
}

/**
 * RFC 8288 links to the first and the next page of the same query. Clients refuse answers with long headers (Node from
 * 16 KiB), so the link to the next page comes before that to the first, and a query too long for either has only its
 * `Next-Cursor`.
 */
function pageLinks({ url }: FastifyRequest, next: string | undefined): string {
  const nextLink = next === undefined ? [] : [`<${withCursor(url, next)}>; rel="next"`];
  const links = [...nextLink, `<${withCursor(url, undefined)}>; rel="first"`];
  return [links, nextLink].map((some) => some.join(', ')).find(({ length }) => length <= MAX_LINKS_LENGTH) ?? '';
}

function withCursor(url: string, cursor: string | undefined): string {
  const start = url.indexOf('?');
  const path = start === -1 ? url : url.slice(0, start);
  const given = start === -1 ? [] : url.slice(start + 1).split('&');
  const kept = given.filter((part) => part !== '' && !isCursor(part));
  const parts = cursor === undefined ? kept : [...kept, `cursor=${cursor}`];
  // What a client sent raw must not end the link, nor start another.
  const query = parts.join('&').replaceAll(/%2c/gi, ',');
  return `${path}${query && '?'}${query}`.replace(/[^\x21-\x7e]|[<>"]/g, encodeURIComponent);
}

/** The name may be written in any way that is read as `cursor`. */
const isCursor = (part: string): boolean =>
  part.startsWith('cursor=') || (/^[^=]*[%[]/.test(part) && 'cursor' in parseQuery(part));

function serverTiming(stages: readonly Stage[], elapsedMs: number): string {
  const entries = stages.map(
    ({ name, durationMs, entriesRead }) =>
      `${name};dur=${durationMs.toFixed(2)}${entriesRead === undefined ? '' : `;desc="${entriesRead} entries"`}`,
  );
  return [...entries, `total;dur=${elapsedMs.toFixed(2)}`].join(', ');
}
