/**
 * Sends hostile TCP frames to a server of calls, while another client goes on calling it: how long its calls take
 * meanwhile, and what the server keeps in memory. The calls are compared with those during as many harmless frames, so
 * that the difference is what hostility does, not what company does.
 *
 * `npm run bench:hostile-frames -- [count] [seed]`. Ends with 1 when memory grew by over 64 MB.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Type } from 'typebox';
import { defineCall, type ReplyOf, type RequestOf } from '#contracts';
import { Answers, RpcClient, RpcServer } from '#rpc';
import { delaysText } from './support/percentiles.js';
import { seededRandom } from './support/seeded-random.js';

const HOST = '127.0.0.1';
const DEFAULT_COUNT = 100_000;
const MAX_COUNT = 1_000_000;
/** Hostile connections open at once. */
const ATTACKERS = 16;
/** How long an attacker waits to be answered or cut off before it leaves: half a frame is answered by nothing. */
const PATIENCE_MS = 5;
/** More than the heap of a young process moves by itself, far less than 100,000 frames kept would take. */
export const MAX_MEMORY_GROWTH_BYTES = 64 * 1_048_576;

const Text = Type.Object({ text: Type.String({ maxLength: 1_000 }) }, { additionalProperties: false });
const echo = defineCall('hostile.echo', Text, Text);

@Controller()
class EchoController {
  @Answers(echo)
  echo({ text }: RequestOf<typeof echo>): ReplyOf<typeof echo> {
    return { text };
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

/** A server that answers `echo`, on a free port. */
export async function startEchoServer(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = new RpcServer({ host: HOST, port: 0 });
  const app = await NestFactory.createMicroservice(EchoModule, { strategy: server, logger: false });
  await app.listen();
  return { port: server.address().port, close: () => app.close() };
}

const framed = (json: string): string => `${json.length}#${json}`;

const requestOf = (id: string, pattern: string, data: string): string => `{"pattern":${pattern},"data":${data},"id":${id}}`;

interface AttackFrame {
  bytes: Buffer;
  byteByByte: boolean;
}

/** Hostile frames without end: no JSON, wrong and huge lengths, halves, binary, deep nesting, `__proto__`, wrong types. */
function* hostileFrames(seed: number): Generator<AttackFrame, never> {
  const random = seededRandom(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  const oneOf = <T>(choices: readonly [T, ...T[]]): T => choices[below(choices.length)] ?? choices[0];
  const garbage = (most: number): Buffer => Buffer.from(Array.from({ length: 1 + below(most) }, () => below(256)));
  const value = (): string =>
    oneOf(['null', 'true', '-1', '1e308', '""', '"x"', '[]', '{}', '{"a":[1]}', '"\\u0000"', `"${'y'.repeat(below(2_000))}"`]);
  const nested = (): string => {
    const depth = 1 + below(50_000);
    return oneOf(['[', '{"a":']).repeat(depth) + (random() < 0.5 ? '' : ']'.repeat(depth));
  };
  const fine = (): string => requestOf('1', `"${echo.name}"`, '{"body":{"text":"fine"}}');
  const kinds: readonly [() => Buffer | string, ...(() => Buffer | string)[]] = [
    () => framed(oneOf(['hello', '{', '{"id":', "{'id':1}", 'undefined', '{"id":1}}', 'NaN'])),
    () => `${Math.max(0, fine().length + below(9) - 4)}#${fine()}`,
    () => `${oneOf(['99999999999', '1048577', '-5', '+3', '1e3', ' 7', '0x10', '', '0', '٣'])}#${fine()}`,
    () => '9'.repeat(1 + below(100_000)),
    () => framed(fine()).slice(0, 1 + below(50)),
    () => garbage(5_000),
    () => Buffer.concat([Buffer.from('100#'), garbage(200)]),
    () => framed(requestOf('1', `"${echo.name}"`, `{"body":${nested()}}`)),
    () => framed(requestOf('1', nested(), '{}')),
    () =>
      framed(
        `{"__proto__":{"polluted":1},${requestOf('1', `"${oneOf(['__proto__', 'constructor', echo.name])}"`, '{"__proto__":{"body":{}},"body":{"__proto__":{"text":"a"}}}').slice(1)}`,
      ),
    () =>
      framed(
        requestOf(
          value(),
          oneOf([value(), `"${echo.name}"`, '"rpc.ping"']),
          oneOf([value(), `{"deadline":${value()},"requestId":${value()},"traceId":${value()},"body":${value()}}`]),
        ),
      ),
    () => framed(requestOf('1', `"${echo.name}"`, `{"body":[${'1,'.repeat(below(100_000))}1]}`)),
    () => framed(value()),
    () => framed(fine()).repeat(1 + below(50)) + oneOf(['#', 'x', '\n']),
  ];
  for (;;) {
    const made = Buffer.from(oneOf(kinds)());
    yield { bytes: made, byteByByte: made.length < 200 && random() < 0.2 };
  }
}

/** Sends one frame over a connection of its own, until it is answered, cut off, or out of patience. */
async function send(port: number, { bytes, byteByByte }: AttackFrame): Promise<void> {
  const socket = connect({ host: HOST, port, noDelay: true });
  const happened = (event: string) => new Promise<void>((resolve) => socket.once(event, () => resolve()));
  const gone = happened('close');
  const answered = happened('data');
  await Promise.race([happened('connect'), happened('error')]); // being cut off is what an attacker expects
  for (const piece of byteByByte ? [...bytes].map((byte) => Buffer.of(byte)) : [bytes]) socket.write(piece);
  await Promise.race([answered, gone, sleep(PATIENCE_MS)]);
  socket.resetAndDestroy(); // not `destroy`: 100,000 closed connections that linger would use up the ports
  await gone;
}

function* harmlessFrames(): Generator<AttackFrame, never> {
  const bytes = Buffer.from(framed(requestOf('1', `"${echo.name}"`, '{"body":{"text":"fine"}}')));
  for (;;) yield { bytes, byteByByte: false };
}

/** Sends `count` frames, a bounded number at once; without a seed harmless ones. */
export async function attack(port: number, count: number, seed?: number): Promise<void> {
  const frames = seed === undefined ? harmlessFrames() : hostileFrames(seed);
  let left = count;
  const attacker = async (): Promise<void> => {
    while (left-- > 0) await send(port, frames.next().value);
  };
  await Promise.all(Array.from({ length: ATTACKERS }, attacker));
}

/** The bytes that are still held after a garbage collection. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Calls until it is told to stop; the milliseconds of each call, or the first fault. */
export async function callMeanwhile(port: number, isOver: () => boolean): Promise<number[]> {
  const client = new RpcClient({ service: 'echo', host: HOST, port });
  const tookMs: number[] = [];
  try {
    while (!isOver()) {
      const start = performance.now();
      await client.call(echo, { text: 'still here' }, { deadline: Date.now() + 5_000, requestId: 'bench', traceId: 'bench' });
      tookMs.push(performance.now() - start);
      await sleep(1);
    }
  } finally {
    client.close();
  }
  return tookMs;
}

const describeCalls = (name: string, tookMs: readonly number[]): string =>
  `${name}: ${tookMs.length} calls, ${delaysText(tookMs, 2)}`;

interface Attack {
  port: number;
  count: number;
  seed?: number;
}

const isAttack = (data: unknown): data is Attack =>
  typeof data === 'object' && data !== null && 'port' in data && 'count' in data;

/** The attack from a thread of its own, so that the attackers' work is not counted as the server's. */
async function attackFromThread(attack: Attack): Promise<number[]> {
  const worker = new Worker(new URL(import.meta.url), { workerData: attack });
  let isOver = false;
  worker.once('exit', () => {
    isOver = true;
  });
  return callMeanwhile(attack.port, () => isOver);
}

async function main(): Promise<void> {
  const count = Math.min(MAX_COUNT, Number(process.argv[2] ?? DEFAULT_COUNT));
  const seed = Number(process.argv[3] ?? 1);
  const { port, close } = await startEchoServer();
  console.log(describeCalls('among harmless frames', await attackFromThread({ port, count })));
  const heldBefore = heldBytes();
  const start = performance.now();
  console.log(describeCalls('among hostile frames', await attackFromThread({ port, count, seed })));
  const seconds = (performance.now() - start) / 1_000;
  const growthBytes = heldBytes() - heldBefore;
  console.log(`${count} hostile frames (seed ${seed}) in ${seconds.toFixed(1)} s, ${Math.round(count / seconds)} a second`);
  console.log(`the server holds ${(growthBytes / 1_048_576).toFixed(1)} MB more`);
  await close();
  if (growthBytes > MAX_MEMORY_GROWTH_BYTES) process.exitCode = 1;
}

if (!isMainThread && isAttack(workerData)) await attack(workerData.port, workerData.count, workerData.seed);
else if (isMainThread && import.meta.main) await main();
