import { createServer, Socket as NetSocket, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller, type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientTCP } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { Type } from 'typebox';
import { defineCall, type ReplyOf, type RequestOf } from '#contracts';
import { Fault } from '#problem';
import { LEEWAY_MS } from '../../../test/support/leeway.js';
import { CONNECT_TIMEOUT_MS, MAX_MESSAGE_BYTES, MAX_MISSED_PINGS, PING_INTERVAL_MS } from '../src/bounds.js';
import { FramedSocket } from '../src/framed-socket.js';
import { Answers, type CallContext, type Peer, RpcClient, type RpcLogger, RpcServer } from '../src/index.js';

const HOST = '127.0.0.1';
/** How long slow work takes, far longer than what is told at once. */
const SLOW_MS = 4_000;
const Text = Type.Object({ text: Type.String() }, { additionalProperties: false });
const echo = defineCall('test.echo', Text, Text);
const slow = defineCall('test.slow', Type.Object({ ms: Type.Integer() }), Type.Object({ remainingMs: Type.Number() }));
const fail = defineCall(
  'test.fail',
  Type.Object({ how: Type.Union([Type.Literal('conflict'), Type.Literal('bug')]) }),
  Type.Object({}),
);
const list = defineCall(
  'test.list',
  Type.Object({ count: Type.Integer({ maximum: 100_000 }), itemLength: Type.Integer() }),
  Type.Object({ total: Type.Integer(), items: Type.Array(Type.Object({ id: Type.Integer(), text: Type.String() })) }),
);
const unknown = defineCall('test.unknown', Type.Object({}), Type.Object({}));

let slowCalls = 0;

@Controller()
class TestController {
  @Answers(echo)
  echo({ text }: RequestOf<typeof echo>): ReplyOf<typeof echo> {
    return { text };
  }

  @Answers(slow)
  async slow({ ms }: RequestOf<typeof slow>, { deadline }: CallContext): Promise<ReplyOf<typeof slow>> {
    slowCalls++;
    await sleep(ms);
    return { remainingMs: deadline - Date.now() };
  }

  @Answers(fail)
  fail({ how }: RequestOf<typeof fail>): ReplyOf<typeof fail> {
    if (how === 'bug') throw new TypeError('nobody foresaw this');
    throw new Fault('Conflict', 'version 3 is not 2', {
      fields: [{ parameter: '/version', code: 'version', detail: 'must be 3' }],
    });
  }

  @Answers(list)
  list({ count, itemLength }: RequestOf<typeof list>): ReplyOf<typeof list> {
    const text = 'é'.repeat(itemLength);
    return { total: count, items: Array.from({ length: count }, (_, id) => ({ id, text })) };
  }
}

@Module({ controllers: [TestController] })
class TestModule {}

interface LogEntry {
  fields: object;
  message: string;
}

function memoryLog(): { logger: RpcLogger; entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  const keep = (fields: object, message: string) => void entries.push({ fields, message });
  return { logger: { info: keep, warn: keep, error: keep }, entries };
}

const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function startServer({ port = 0, logger }: { port?: number; logger?: RpcLogger } = {}) {
  const server = new RpcServer({ host: HOST, port, ...(logger && { logger }) });
  const app: INestMicroservice = await NestFactory.createMicroservice(TestModule, { strategy: server, logger: false });
  await app.listen();
  cleanUps.push(() => app.close());
  return { server, app, port: server.address().port };
}

function connect(port: number, logger?: RpcLogger): RpcClient {
  const peer: Peer = { service: 'test', host: HOST, port };
  const client = new RpcClient(peer, { ...(logger && { logger }) });
  cleanUps.push(() => client.close());
  return client;
}

const within = (timeoutMs: number): CallContext => ({
  deadline: Date.now() + timeoutMs,
  requestId: 'request-1',
  traceId: 'trace-1',
});

async function started(): Promise<RpcClient> {
  const { port } = await startServer();
  return connect(port);
}

const faultOf = async (call: Promise<unknown>): Promise<Fault> => {
  const outcome: unknown = await call.catch((error: unknown) => error);
  if (!(outcome instanceof Fault)) throw new Error(`not a fault: ${JSON.stringify(outcome)}`);
  return outcome;
};

async function until(isSo: () => boolean | Promise<boolean>, timeoutMs: number): Promise<number> {
  const start = Date.now();
  while (!(await isSo())) {
    if (Date.now() - start > timeoutMs) throw new Error(`not within ${timeoutMs} ms`);
    await sleep(10);
  }
  return Date.now() - start;
}

/** A call that the server has begun to work on. */
async function underWay(client: RpcClient): Promise<{ reply: Promise<ReplyOf<typeof slow>> }> {
  const before = slowCalls;
  const reply = client.call(slow, { ms: SLOW_MS }, within(2 * LEEWAY_MS));
  reply.catch(() => undefined);
  await until(() => slowCalls > before, LEEWAY_MS);
  return { reply };
}

/** A client whose server was there and is gone. */
async function justLost(): Promise<{ client: RpcClient; port: number }> {
  const { port, app } = await startServer();
  const client = connect(port);
  await until(() => client.status().up, LEEWAY_MS);
  await app.close();
  await until(() => !client.status().up, LEEWAY_MS);
  return { client, port };
}

const frame = (json: string): string => `${json.length}#${json}`;

/** What the server sends to a socket that speaks the frames by hand: each message as its text. */
async function exchange(port: number, sent: string, untilText: string): Promise<string[]> {
  const socket = new NetSocket();
  cleanUps.push(() => socket.destroy());
  socket.connect(port, HOST);
  socket.setEncoding('utf8');
  socket.write(sent);
  let text = '';
  for await (const piece of socket) {
    text += String(piece);
    if (text.slice(-200).includes(untilText)) break;
  }
  const messages: string[] = [];
  for (let at = 0; at < text.length; ) {
    const hash = text.indexOf('#', at);
    const end = hash + 1 + Number(text.slice(at, hash));
    messages.push(text.slice(hash + 1, end));
    at = end;
  }
  return messages;
}

describe('a call', () => {
  test('carries any text there and back', async () => {
    const client = await started();
    for (const text of ['', 'Sigur Rós † 東京 🎸 \u2028 "#"', '\\', '\\"', `"${'[{'.repeat(100)}`, `\\\\"${'}'.repeat(100)}\\`]) {
      expect(await client.call(echo, { text }, within(LEEWAY_MS))).toEqual({ text });
    }
  });

  test('that the stock client of Nest sends is answered', async () => {
    const { port } = await startServer();
    const client = new ClientTCP({ host: HOST, port });
    cleanUps.push(() => client.close());
    expect(await lastValueFrom(client.send(echo.name, { body: { text: 'hi' } }))).toEqual({ ok: { text: 'hi' } });
  });

  test('nested deeper than any contract is cut off, and one with brackets in its text is not', async () => {
    const { logger, entries } = memoryLog();
    const { port } = await startServer({ logger });
    const nested = `{"id":1,"pattern":"${echo.name}","data":{"body":${'['.repeat(100)}${']'.repeat(100)}}}`;
    expect(await exchange(port, frame(nested), 'never')).toEqual([]);
    expect(entries).toMatchObject([{ fields: { reason: 'a message nested deeper than 32' } }]);
  });

  test('is found in any pieces that it may arrive in', async () => {
    const { port } = await startServer();
    const socket = new NetSocket();
    cleanUps.push(() => socket.destroy());
    socket.connect(port, HOST);
    socket.setNoDelay(true);
    const bytes = Buffer.from(frame(JSON.stringify({ id: 1, pattern: echo.name, data: { body: { text: 'Mötley 🎸' } } })));
    const answer = new Promise((resolve) => socket.once('data', (data) => resolve(data.toString())));
    for (const byte of bytes) {
      socket.write(Buffer.of(byte));
      await sleep(1);
    }
    expect(await answer).toContain('Mötley 🎸');
  });
});

describe('a deadline', () => {
  test('ends the wait of the caller, who learns which call it was, and frees its place', async () => {
    const client = await started();
    const start = Date.now();
    const faults = await Promise.all(Array.from({ length: 100 }, () => faultOf(client.call(slow, { ms: SLOW_MS }, within(50)))));
    expect(Date.now() - start).toBeLessThan(SLOW_MS);
    expect(faults[0]).toMatchObject({ code: 'Timeout', detail: 'test did not answer test.slow in time' });
    await sleep(SLOW_MS + 50); // the late replies arrive and are nobody's
    const replies = await Promise.all(Array.from({ length: 200 }, () => client.call(echo, { text: 'a' }, within(LEEWAY_MS))));
    expect(replies).toHaveLength(200);
  });

  test('that has passed is refused before anything is sent', async () => {
    const client = await started();
    const before = slowCalls;
    expect((await faultOf(client.call(slow, { ms: 0 }, within(-1)))).code).toBe('Timeout');
    expect(slowCalls).toBe(before);
  });

  test('that has passed on the way drops the work in the server', async () => {
    const { port } = await startServer();
    const before = slowCalls;
    const late = { id: 'late', pattern: slow.name, data: { deadline: Date.now() - 5, body: { ms: 0 } } };
    const [answer] = await exchange(port, frame(JSON.stringify(late)), 'late');
    expect(answer).toContain('"code":"Timeout"');
    expect(slowCalls).toBe(before);
  });

  test('reaches the work, is two seconds when none is given, and at most two minutes', async () => {
    const client = await started();
    const { remainingMs } = await client.call(slow, { ms: 0 }, within(1_500));
    expect(remainingMs).toBeGreaterThan(1_000);
    expect(remainingMs).toBeLessThanOrEqual(1_500);
    const { port } = await startServer();
    const [byDefault] = await exchange(
      port,
      frame(JSON.stringify({ id: 1, pattern: slow.name, data: { body: { ms: 0 } } })),
      '"id":1',
    );
    expect(JSON.parse(byDefault ?? '').response.ok.remainingMs).toBeCloseTo(2_000, -3);
    const far = { id: 2, pattern: slow.name, data: { deadline: 1e15, body: { ms: 0 } } };
    const [capped] = await exchange(port, frame(JSON.stringify(far)), '"id":2');
    expect(JSON.parse(capped ?? '').response.ok.remainingMs).toBeLessThanOrEqual(120_000);
  });
});

describe('an error', () => {
  test('keeps its code, detail and fields', async () => {
    const client = await started();
    const fault = await faultOf(client.call(fail, { how: 'conflict' }, within(LEEWAY_MS)));
    expect(fault.toWire()).toEqual({
      code: 'Conflict',
      retryable: false,
      detail: 'version 3 is not 2',
      fields: [{ parameter: '/version', code: 'version', detail: 'must be 3' }],
    });
  });

  test('that nobody foresaw is Internal for the caller and logged once, with its cause, by the server', async () => {
    const { logger, entries } = memoryLog();
    const { port } = await startServer({ logger });
    const fault = await faultOf(connect(port).call(fail, { how: 'bug' }, within(LEEWAY_MS)));
    expect(fault.code).toBe('Internal');
    expect(fault.detail).not.toContain('foresaw');
    expect(entries).toHaveLength(1);
    expect(entries[0]?.fields).toMatchObject({
      call: 'test.fail',
      requestId: 'request-1',
      err: new TypeError('nobody foresaw this'),
    });
  });

  test('of a request names every field that is wrong', async () => {
    const client = await started();
    const wrong: RequestOf<typeof echo> = JSON.parse('{"text": 5, "more": 1}');
    const fault = await faultOf(client.call(echo, wrong, within(LEEWAY_MS)));
    expect(fault.code).toBe('ValidationError');
    expect(fault.fields?.map(({ parameter, code }) => [parameter, code])).toEqual([
      ['/more', 'additionalProperties'],
      ['/text', 'type'],
    ]);
  });

  test('is the answer to a call that the peer does not know', async () => {
    const client = await started();
    expect(await faultOf(client.call(unknown, {}, within(LEEWAY_MS)))).toMatchObject({ code: 'Unavailable', retryable: true });
  });

  test('tells at once that nobody listens', async () => {
    const { port, app } = await startServer();
    await app.close();
    const client = connect(port);
    const start = Date.now();
    expect(await faultOf(client.call(echo, { text: 'a' }, within(2 * LEEWAY_MS)))).toMatchObject({
      code: 'Unavailable',
      retryable: true,
    });
    expect(Date.now() - start).toBeLessThan(LEEWAY_MS);
    expect(client.status()).toMatchObject({ up: false, lastError: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('big messages', () => {
  test('both ways, 200 of 256 KB at once, are all answered within 5 s', async () => {
    const client = await started();
    const text = 'x'.repeat(256 * 1_024);
    const calls = Array.from({ length: 200 }, () => client.call(echo, { text }, within(5_000)));
    for (const reply of await Promise.all(calls)) expect(reply.text.length).toBe(text.length);
  });

  test('are a list of 20,000 items, which arrives whole and in order', async () => {
    const client = await started();
    const reply = await client.call(list, { count: 20_000, itemLength: 150 }, within(10_000));
    expect(reply.total).toBe(20_000);
    expect(reply.items.map(({ id }) => id)).toEqual(Array.from({ length: 20_000 }, (_, id) => id));
  });

  test('are cut so that each is below the bound', async () => {
    const { port } = await startServer();
    const request = {
      id: 7,
      pattern: list.name,
      data: { deadline: Date.now() + 10_000, body: { count: 20_000, itemLength: 150 } },
    };
    const messages = await exchange(port, frame(JSON.stringify(request)), '"isDisposed":true');
    expect(messages.length).toBeGreaterThan(10);
    expect(Math.max(...messages.map((message) => Buffer.byteLength(message)))).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
  });

  test('do not hold up a short one', async () => {
    const client = await started();
    const order: string[] = [];
    const long = client.call(list, { count: 100_000, itemLength: 150 }, within(10_000)).then(() => order.push('long'));
    const short = client.call(echo, { text: 'a' }, within(10_000)).then(() => order.push('short'));
    await Promise.all([long, short]);
    expect(order).toEqual(['short', 'long']);
  });

  test('are refused before they are sent when they exceed the bound, and an item that does is the server’s fault', async () => {
    const client = await started();
    const tooLarge = client.call(echo, { text: 'é'.repeat(MAX_MESSAGE_BYTES / 2) }, within(LEEWAY_MS));
    expect((await faultOf(tooLarge)).code).toBe('ContentTooLarge');
    expect((await faultOf(client.call(list, { count: 2, itemLength: MAX_MESSAGE_BYTES }, within(LEEWAY_MS)))).code).toBe(
      'Internal',
    );
    expect(await client.call(echo, { text: 'a' }, within(LEEWAY_MS))).toEqual({ text: 'a' });
  });

  test('are too many at some point, which is Overloaded and retryable', async () => {
    const client = await started();
    const outcomes = await Promise.allSettled(Array.from({ length: 1_000 }, () => client.call(slow, { ms: 20 }, within(5_000))));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(1_000 - 128 - 512);
    expect(refused[0]?.reason).toMatchObject({ code: 'Overloaded', retryable: true });
  });
});

describe('a server', () => {
  test('that was stopped and started again is reached again, and soon', async () => {
    const { port, app } = await startServer();
    const client = connect(port);
    await client.call(echo, { text: 'a' }, within(LEEWAY_MS));
    await app.close();
    await until(() => !client.status().up, LEEWAY_MS);
    await sleep(1_200); // long enough for the waits between attempts to have grown
    await startServer({ port });
    await until(() => client.status().up, LEEWAY_MS);
    expect(await client.call(echo, { text: 'a' }, within(LEEWAY_MS))).toEqual({ text: 'a' });
  });

  test('is reached also when this process was too busy to see that the connection was made', async () => {
    const client = await started();
    const call = client.call(echo, { text: 'here' }, within(LEEWAY_MS));
    const busy = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(busy, 0, 0, CONNECT_TIMEOUT_MS + 100);
    expect(await call).toMatchObject({ text: 'here' });
  });

  test('is reached at once by the next call after a restart', async () => {
    const { port, app } = await startServer();
    const client = connect(port);
    await client.call(echo, { text: 'a' }, within(LEEWAY_MS));
    await app.close();
    await startServer({ port });
    await until(
      () =>
        client.call(echo, { text: 'a' }, within(LEEWAY_MS)).then(
          () => true,
          () => false,
        ),
      LEEWAY_MS,
    );
  });

  test('that comes back soon after it was lost answers the calls made meanwhile', async () => {
    const { client, port } = await justLost();
    const calls = ['a', 'b'].map((text) => client.call(echo, { text }, within(5_000)));
    await sleep(300);
    await startServer({ port });
    expect(await Promise.all(calls)).toEqual([{ text: 'a' }, { text: 'b' }]);
  });

  test('that does not come back is waited for once, and then no more', async () => {
    const { client } = await justLost();
    expect((await faultOf(client.call(echo, { text: 'a' }, within(200)))).code).toBe('Timeout');
    expect((await faultOf(client.call(echo, { text: 'a' }, within(5_000)))).code).toBe('Unavailable');
    const start = Date.now();
    expect((await faultOf(client.call(echo, { text: 'a' }, within(2 * LEEWAY_MS)))).code).toBe('Unavailable');
    expect(Date.now() - start).toBeLessThan(LEEWAY_MS);
  });

  test('that drains finishes the calls in flight, refuses new ones as retryable and then closes', async () => {
    const { server, port } = await startServer();
    const client = connect(port);
    const inFlight = await underWay(client);
    const drained = server.drain();
    expect(await faultOf(client.call(echo, { text: 'a' }, within(5_000)))).toMatchObject({
      code: 'Unavailable',
      retryable: true,
    });
    expect((await inFlight.reply).remainingMs).toBeGreaterThan(0);
    await drained;
    await until(() => !client.status().up, LEEWAY_MS);
    expect(await faultOf(client.call(echo, { text: 'a' }, within(5_000)))).toMatchObject({ code: 'Unavailable' });
  });

  test('that drains waits no longer than it was told', async () => {
    const { server, port } = await startServer();
    const { reply } = await underWay(connect(port));
    const start = Date.now();
    await server.drain(200);
    expect(Date.now() - start).toBeLessThan(SLOW_MS);
    expect((await faultOf(reply)).code).toBe('Unavailable');
  });

  test('holds a bounded part of its answers for a peer that does not read', async () => {
    const { logger, entries } = memoryLog();
    const { port } = await startServer({ logger });
    const deaf = new NetSocket();
    cleanUps.push(() => deaf.destroy());
    deaf.connect(port, HOST);
    deaf.pause();
    const body = { count: 100_000, itemLength: 150 };
    for (let id = 0; id < 20; id++)
      deaf.write(frame(JSON.stringify({ id, pattern: list.name, data: { deadline: Date.now() + 60_000, body } })));
    const before = process.memoryUsage().external;
    const client = connect(port);
    for (let round = 0; round < 20; round++) {
      await client.call(echo, { text: 'a' }, within(5_000));
      await sleep(50);
    }
    expect(process.memoryUsage().external - before).toBeLessThan(64 * 1_048_576);
    expect(entries.length).toBeLessThanOrEqual(1);
  });
});

describe('a peer', () => {
  async function fakePeer(answer: (socket: FramedSocket, packet: { id: number }) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      const framed = new FramedSocket(socket);
      framed.on('message', (packet: { id: number }) => answer(framed, packet));
    });
    await new Promise<void>((resolve) => void server.listen(0, HOST, resolve));
    cleanUps.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  test('that accepts and says nothing is noticed, and its connection given up', async () => {
    const port = await fakePeer(() => undefined);
    const client = connect(port);
    expect((await faultOf(client.call(echo, { text: 'a' }, within(100)))).code).toBe('Timeout');
    expect(client.status().up).toBe(false);
    await until(() => client.status().lastError !== null, (MAX_MISSED_PINGS + 1.5) * PING_INTERVAL_MS + LEEWAY_MS);
    expect(client.status().lastError).toContain('pings');
  });

  test('that accepts and says nothing is not asked again until it answers a ping', async () => {
    let isSilent = true;
    const port = await fakePeer((socket, { id }) => {
      if (!isSilent) socket.sendMessage(JSON.stringify({ id, response: { ok: { text: 'a' } }, isDisposed: true }));
    });
    const client = connect(port);
    await until(() => client.status().lastError !== null, (MAX_MISSED_PINGS + 1.5) * PING_INTERVAL_MS + LEEWAY_MS);
    await sleep(300); // it accepts again
    const start = Date.now();
    expect((await faultOf(client.call(echo, { text: 'a' }, within(2 * LEEWAY_MS)))).code).toBe('Unavailable');
    expect(Date.now() - start).toBeLessThan(LEEWAY_MS);
    isSilent = false;
    await until(() => client.status().up, 1.5 * PING_INTERVAL_MS + LEEWAY_MS);
    expect(await client.call(echo, { text: 'a' }, within(LEEWAY_MS))).toEqual({ text: 'a' });
  });

  test('whose clock differs is said in the status and once in the log', async () => {
    const { logger, entries } = memoryLog();
    const port = await fakePeer((socket, { id }) => {
      socket.sendMessage(JSON.stringify({ id, response: { ok: { now: Date.now() + 5_000 } }, isDisposed: true }));
    });
    const client = connect(port, logger);
    await sleep(2.2 * PING_INTERVAL_MS);
    expect(client.status().up).toBe(true);
    expect(Math.abs((client.status().clockDifferenceMs ?? 0) - 5_000)).toBeLessThan(250);
    expect(entries.filter(({ message }) => message.includes('clock'))).toHaveLength(1);
  });
});
