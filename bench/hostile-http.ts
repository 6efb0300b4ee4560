/**
 * Sends hostile HTTP requests, made from the OpenAPI document and against it, to a gateway with its services: none may
 * be answered with a 5xx, each error must be a problem document, and what the gateway's process holds must stay bounded.
 *
 * `npm run bench:hostile-http -- [count] [seed]`. Ends with 1 when there was anything of that.
 */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type HostileRequest, hostileRequests, type OpenApi } from './support/hostile-requests.js';
import { ProcessSystem } from './support/process-system.js';
import { AnswerReader, type RawAnswer } from './support/raw-answers.js';

const DEFAULT_COUNT = 20_000;
const MAX_COUNT = 1_000_000;
const WORLD = { seed: 1, concerts: 500 };
/** Hostile connections open at once. */
const ATTACKERS = 8;
/** How long an answer to a whole request is awaited, and one to half of it, which is answered by nothing. */
const ANSWER_TIMEOUT_MS = 5_000;
const PATIENCE_MS = 20;
/** More than the process grows by itself when it warms up, far less than 20,000 requests kept would take. */
export const MAX_MEMORY_GROWTH_BYTES = 128 * 1_048_576;
const SHOWN_FINDINGS = 20;

/** What must not be, and the request that it came of. */
interface Finding {
  what: string;
  request: string;
}

export interface Attacked {
  findings: Finding[];
  /** How many answers had each status. */
  statuses: Record<number, number>;
}

/** Sends `count` requests, a bounded number at once. */
export async function attack(url: string, count: number, seed: number): Promise<Attacked> {
  const document: OpenApi = JSON.parse(await (await fetch(`${url}/openapi.json`)).text());
  const requests = hostileRequests(document, seed);
  const attacked: Attacked = { findings: [], statuses: {} };
  let left = count;
  const attacker = async (): Promise<void> => {
    while (left-- > 0) {
      const request = requests.next().value;
      const { answers, what } = await send(url, request);
      for (const { status } of answers) attacked.statuses[status] = (attacked.statuses[status] ?? 0) + 1;
      if (what) attacked.findings.push({ what, request: request.bytes.subarray(0, 400).toString('latin1') });
    }
  };
  await Promise.all(Array.from({ length: ATTACKERS }, attacker));
  return attacked;
}

/** Sends one request over a connection of its own, and reads until all is answered or the connection ends. */
async function send(
  url: string,
  { bytes, methods, isWhole }: HostileRequest,
): Promise<{ answers: RawAnswer[]; what: string | undefined }> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const { promise: done, resolve: end } = Promise.withResolvers<void>();
  const reader = new AnswerReader(methods);
  const { answers } = reader;
  let fault: string | undefined;
  socket.setEncoding('latin1').on('data', (piece) => {
    try {
      reader.read(String(piece));
      if (answers.length >= methods.length) end();
    } catch (error) {
      fault = String(error);
      end();
    }
  });
  for (const event of ['end', 'close', 'error']) socket.on(event, () => end()); // being cut off is what an attacker expects
  socket.write(bytes);
  const late = new AbortController();
  const timeout = sleep(isWhole ? ANSWER_TIMEOUT_MS : PATIENCE_MS, 'late', { signal: late.signal }).catch(() => 'done');
  const outcome = await Promise.race([done, timeout]);
  late.abort();
  socket.destroy();
  if (outcome === 'late' && isWhole && answers.length === 0) fault ??= 'no answer';
  else if (isWhole && answers.length === 0) fault ??= 'cut off without an answer';
  return { answers, what: fault ?? answers.map((answer, at) => faultOf(answer, methods[at])).find((one) => one !== undefined) };
}

const PROBLEM_MEMBERS = ['type', 'title', 'status', 'detail', 'instance', 'statusCode', 'error'];

/** What is wrong with an answer: an error of the server, or one that is no problem document. */
function faultOf({ status, headers, body }: RawAnswer, method: string | undefined): string | undefined {
  if (status >= 500) return `${status}: ${body.slice(0, 300)}`;
  if (status < 400) return undefined;
  if (!headers.get('content-type')?.startsWith('application/problem+json'))
    return `${status} as ${headers.get('content-type')}: ${body.slice(0, 300)}`;
  if (method === 'HEAD') return undefined;
  const problem = parsed(body, headers.get('content-encoding'));
  const lacking = PROBLEM_MEMBERS.filter(
    (name) => typeof problem !== 'object' || problem === null || !Object.hasOwn(problem, name),
  );
  return lacking.length > 0 ? `${status} without ${lacking.join(', ')}: ${body.slice(0, 300)}` : undefined;
}

function parsed(body: string, encoding: string | undefined): unknown {
  const bytes = Buffer.from(body, 'latin1');
  const plain = encoding === 'br' ? brotliDecompressSync(bytes) : encoding === 'gzip' ? gunzipSync(bytes) : bytes;
  try {
    return JSON.parse(plain.toString());
  } catch (error) {
    return String(error); // which has no member of a problem
  }
}

/** The memory of a process, or undefined where the system does not tell. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
  } catch {
    return undefined; // no Linux
  }
}

async function main(): Promise<void> {
  const count = Math.min(MAX_COUNT, Number(process.argv[2] ?? DEFAULT_COUNT));
  const seed = Number(process.argv[3] ?? 1);
  const system = await ProcessSystem.start();
  try {
    await system.load(WORLD);
    const { pid } = system.process('concerts-gateway');
    await attack(system.url, count / 10, seed + 1); // what is loaded and compiled on first use is not counted
    const before = await residentBytes(pid);
    const start = performance.now();
    const { findings, statuses } = await attack(system.url, count, seed);
    const seconds = (performance.now() - start) / 1_000;
    const after = await residentBytes(pid);
    const growthBytes = (after ?? 0) - (before ?? 0);
    console.log(`${count} hostile requests (seed ${seed}) in ${seconds.toFixed(1)} s: ${JSON.stringify(statuses)}`);
    console.log(`the gateway grew by ${(growthBytes / 1_048_576).toFixed(1)} MB to ${((after ?? 0) / 1_048_576).toFixed(1)} MB`);
    console.log(`${findings.length} findings; the gateway is ${system.process('concerts-gateway').isRunning ? 'up' : 'down'}`);
    for (const { what, request } of findings.slice(0, SHOWN_FINDINGS))
      console.log(`  ${what}\n    of ${JSON.stringify(request)}`);
    if (findings.length > 0 || growthBytes > MAX_MEMORY_GROWTH_BYTES || !system.process('concerts-gateway').isRunning)
      process.exitCode = 1;
  } finally {
    await system.close();
  }
}

if (import.meta.main) await main();
