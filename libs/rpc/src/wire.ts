import { Fault } from '#problem';
import { CHUNK_TARGET_BYTES, MAX_ID_LENGTH, MAX_MESSAGE_BYTES, MAX_REPLY_CHUNKS } from './bounds.js';

/** The call that every server answers by itself, with its clock: `{now}` in milliseconds since the epoch. */
export const PING = 'rpc.ping';

/** Nest's packet of a request. `data` is the envelope: `{deadline?, requestId?, traceId?, body}`. */
export interface RequestPacket {
  id: string | number;
  pattern: string;
  data: unknown;
}

/** Nest's packet of a reply; with `isDisposed` false another one follows. */
export interface ReplyPacket {
  id: string | number;
  isDisposed: boolean;
  response: unknown;
}

export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPacketId = (id: unknown): id is string | number =>
  typeof id === 'number' || (typeof id === 'string' && id.length <= MAX_ID_LENGTH);

export const isRequestPacket = (packet: unknown): packet is JsonObject & RequestPacket =>
  isObject(packet) && isPacketId(packet.id) && typeof packet.pattern === 'string';

export const isReplyPacket = (packet: unknown): packet is JsonObject & ReplyPacket => isObject(packet) && isPacketId(packet.id);

/** Room for what stands around the items of a chunk. */
const CHUNK_FRAME_BYTES = 1_024;

/** Lists up to this length are written whole without looking at the size of their items. */
const SHORT_LIST = 16;

const message = (id: string | number, response: unknown, isDisposed = true): string =>
  JSON.stringify({ id, response, isDisposed });

export const faultMessage = (id: string | number, fault: Fault): string => message(id, { error: fault.toWire() });

export const pongMessage = (id: string | number): string => message(id, { ok: { now: Date.now() } });

/**
 * The messages of a reply. One, `{ok: reply}`, where it fits; otherwise `{more: items}` as often as needed and then
 * `{ok: reply}` with an empty list, so that every message is below the bound and nearly every item is written once.
 */
export function* replyMessages(id: string | number, reply: unknown): Generator<string, void> {
  const items = isObject(reply) && Array.isArray(reply.items) ? reply.items : [];
  if (items.length <= SHORT_LIST || items.length * sampleLength(items) <= CHUNK_TARGET_BYTES) {
    const whole = message(id, { ok: reply });
    if (fits(whole)) return yield whole;
  }
  for (const chunk of chunks(items)) yield `{"id":${JSON.stringify(id)},"response":{"more":${chunk}},"isDisposed":false}`;
  const rest = message(id, { ok: isObject(reply) && items.length > 0 ? { ...reply, items: [] } : reply });
  if (!fits(rest)) throw new Fault('Internal', `a reply is larger than ${MAX_MESSAGE_BYTES} bytes without its items`);
  yield rest;
}

const fits = (json: string, mostBytes = MAX_MESSAGE_BYTES): boolean =>
  json.length <= mostBytes && Buffer.byteLength(json) <= mostBytes;

/** JSON arrays of the items in order, each near the target: the next length is taken from the size of the last. */
function* chunks(items: readonly unknown[]): Generator<string, void> {
  let at = 0;
  let count = Math.max(1, Math.floor(CHUNK_TARGET_BYTES / sampleLength(items)));
  for (let sent = 0; at < items.length; ) {
    const part = items.slice(at, at + count);
    const json = JSON.stringify(part);
    if (!fits(json, MAX_MESSAGE_BYTES - CHUNK_FRAME_BYTES)) {
      if (part.length === 1) throw new Fault('Internal', `an item of a reply is larger than ${MAX_MESSAGE_BYTES} bytes`);
      count = Math.ceil(part.length / 2);
      continue;
    }
    if (++sent > MAX_REPLY_CHUNKS) throw new Fault('Internal', `a reply is longer than ${MAX_REPLY_CHUNKS} messages`);
    yield json;
    at += part.length;
    count = Math.max(1, Math.floor((part.length * CHUNK_TARGET_BYTES) / json.length));
  }
}

/** The mean length of the first, the middle and the last item as JSON: three of them tell enough to choose a size. */
function sampleLength(items: readonly unknown[]): number {
  const sample = [items[0], items[items.length >> 1], items.at(-1)];
  return JSON.stringify(sample).length / sample.length;
}
