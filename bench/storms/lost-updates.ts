import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../support/seeded-random.js';
import { type HttpAnswer, WriteClient } from '../support/write-client.js';
import { allEnded, listExecutions, readExecution } from './executions.js';

export interface ContestSize {
  writers: number;
  patchesEach: number;
  documents: number;
}

export interface ContestReport {
  /** As the clients were told: 200, 412, or nothing, since they gave up. */
  accepted: number;
  refused: number;
  unknown: number;
  /** Answers that were not waited for. */
  lost: number;
  /** Answers that said to try again. */
  retried: number;
  /** Of each document: its version, and the patches that succeeded by the journal. */
  documents: { path: string; version: number; succeeded: number }[];
  faults: string[];
}

/** How many answers are lost on the way: the connection is closed at some moment up to this one. */
const LOST_SHARE = 0.1;
const HANG_UP_WITHIN_MS = 100;
/** Who lost an answer does not ask again this often. */
const GIVE_UP_SHARE = 0.2;
/** A request that neither succeeds nor is refused in so many tries counts as a fault. */
const MAX_TRIES = 40;
const RETRY_PAUSE_MS = 250;
/** It goes on, or there was no room or time for it: the same request again tells more. */
const TRY_AGAIN = [202, 503, 504];
const READERS = 16;

interface Document {
  path: string;
  patchOf(value: string): object;
  valueOf(record: { url?: string | null; genres?: string[] }): string;
}

/** What became of one patch, as far as its client knows; a number is a status that there should not be. */
type Outcome = 'accepted' | 'refused' | 'unknown' | number;
interface Attempt {
  document: Document;
  value: string;
  outcome: Outcome;
}

/** Many writers who each read one of a few documents and patch what they read, with answers lost on the way. */
export async function lostUpdates(system: { url: string; writesUrl: string }, size: ContestSize): Promise<ContestReport> {
  const orchestrator = new WriteClient(system.writesUrl);
  const gateway = new WriteClient(system.url);
  try {
    const documents = await makeDocuments(orchestrator, size.documents);
    const writers = Array.from({ length: size.writers }, (_, number) => new Writer(system, number));
    const attempts = (await Promise.all(writers.map((writer) => writer.run(documents, size.patchesEach)))).flat();
    await allEnded(orchestrator);
    const succeeded = await succeededPatches(system.writesUrl);
    const checked = [];
    for (const document of documents) {
      const { status, text } = await gateway.send({ method: 'GET', path: document.path });
      if (status !== 200) throw new Error(`${document.path} answered ${status}: ${text.slice(0, 300)}`);
      const own = attempts.filter((attempt) => attempt.document === document);
      checked.push(checkDocument(document, JSON.parse(text), { attempts: own, patches: succeeded.get(document.path) ?? [] }));
    }
    const count = (outcome: Outcome) => attempts.filter((attempt) => attempt.outcome === outcome).length;
    return {
      accepted: count('accepted'),
      refused: count('refused'),
      unknown: count('unknown'),
      lost: writers.reduce((sum, { lost }) => sum + lost, 0),
      retried: writers.reduce((sum, { retried }) => sum + retried, 0),
      documents: checked.map(({ path, version, succeeded: patches }) => ({ path, version, succeeded: patches })),
      faults: checked.flatMap(({ path, faults }) => faults.map((fault) => `${path}: ${fault}`)),
    };
  } finally {
    orchestrator.close();
    gateway.close();
  }
}

/** Concerts, and the last one is a band. */
async function makeDocuments(client: WriteClient, count: number): Promise<Document[]> {
  const documents: Document[] = [];
  const create = async (path: string, body: object) => {
    const { status, text } = await client.send({ method: 'POST', path, body, headers: { prefer: 'wait=30' } });
    if (status !== 201) throw new Error(`${path} answered ${status}: ${text.slice(0, 300)}`);
    return `${path}/${JSON.parse(text).id}`;
  };
  for (let number = 1; number < count; number++) {
    const path = await create('/concerts', {
      band: { name: `Contested Band ${number}` },
      venue: { name: 'Contested Hall', latitude: 53.5, longitude: 9.9 },
      date: Date.UTC(2035, 0, number),
    });
    documents.push({
      path,
      patchOf: (value) => ({ url: `https://tickets.example/${value}` }),
      valueOf: ({ url }) => url?.split('/').at(-1) ?? '',
    });
  }
  const path = await create('/bands', { name: 'Contested Band' });
  documents.push({ path, patchOf: (value) => ({ genres: [value] }), valueOf: ({ genres }) => genres?.[0] ?? '' });
  return documents;
}

class Writer {
  lost = 0;
  retried = 0;
  readonly #random: () => number;
  readonly #gateway: WriteClient;
  readonly #orchestrator: WriteClient;

  constructor(
    { url, writesUrl }: { url: string; writesUrl: string },
    private readonly number: number,
  ) {
    this.#random = seededRandom(number);
    this.#gateway = new WriteClient(url);
    this.#orchestrator = new WriteClient(writesUrl);
  }

  async run(documents: readonly Document[], patches: number): Promise<Attempt[]> {
    const attempts: Attempt[] = [];
    try {
      for (let patch = 0; patch < patches; patch++) {
        const document = documents[(this.number + patch) % documents.length];
        if (!document) throw new Error('there is nothing to patch');
        const value = `${this.number}-${patch}`;
        const read = await this.#read(document);
        attempts.push({ document, value, outcome: await this.#patch(document, value, read) });
      }
      return attempts;
    } finally {
      this.#gateway.close();
      this.#orchestrator.close();
    }
  }

  /** @returns the ETag */
  async #read({ path }: Document): Promise<string> {
    for (let tries = 1; ; tries++) {
      const { status, headers, text } = await this.#gateway.send({ method: 'GET', path });
      if (status === 200) return String(headers['etag']);
      if (!TRY_AGAIN.includes(status) || tries === MAX_TRIES)
        throw new Error(`${path} answered ${status}: ${text.slice(0, 300)}`);
      await sleep(RETRY_PAUSE_MS);
    }
  }

  async #patch({ path, patchOf }: Document, value: string, etag: string): Promise<Outcome> {
    const headers = { 'idempotency-key': `"${randomUUID()}"`, 'if-match': etag };
    let answer: HttpAnswer | undefined;
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const hangUpMs = this.#random() < LOST_SHARE ? HANG_UP_WITHIN_MS * this.#random() : undefined;
      answer = await this.#orchestrator.send({ method: 'PATCH', path, headers, body: patchOf(value) }, hangUpMs);
      if (answer === undefined) {
        this.lost += 1;
        if (this.#random() < GIVE_UP_SHARE) return 'unknown';
      } else if (TRY_AGAIN.includes(answer.status)) {
        this.retried += 1;
        await sleep(RETRY_PAUSE_MS);
      } else break;
    }
    if (answer?.status === 200) return 'accepted';
    return answer?.status === 412 ? 'refused' : (answer?.status ?? 0);
  }
}

interface Patch {
  body: unknown;
  /** That it made. */
  version: number;
}

/** The patches that the journal says took place, by the path of what they changed. */
async function succeededPatches(url: string): Promise<Map<string, Patch[]>> {
  const clients = Array.from({ length: READERS }, () => new WriteClient(url));
  const [first] = clients;
  if (!first) return new Map();
  try {
    const rows = (await listExecutions(first)).filter(
      ({ status, stateMachine }) => status === 'SUCCEEDED' && stateMachine.startsWith('patch-'),
    );
    const patches: { path: string; patch: Patch }[] = [];
    const readRest = async (client: WriteClient) => {
      for (let row = rows.pop(); row; row = rows.pop()) {
        const { request, output } = await readExecution(client, row.id);
        const { path, body } = asRecord(request);
        const { version, concert } = asRecord(output);
        patches.push({ path: String(path), patch: { body, version: Number(version ?? asRecord(concert)['version']) } });
      }
    };
    await Promise.all(clients.map(readRest));
    const byPath = Map.groupBy(patches, ({ path }) => path);
    return new Map([...byPath].map(([path, all]) => [path, all.map(({ patch }) => patch).sort((a, b) => a.version - b.version)]));
  } finally {
    for (const client of clients) client.close();
  }
}

/** Holds what is stored against what the journal says and what the clients were told. */
function checkDocument(
  document: Document,
  stored: { version: number } & Parameters<Document['valueOf']>[0],
  { attempts, patches }: { attempts: readonly Attempt[]; patches: readonly Patch[] },
) {
  const faults: string[] = [];
  const values = patches.map(({ body }) => document.valueOf(asRecord(body)));
  if (patches.length !== stored.version - 1) faults.push(`${patches.length} patches succeeded, its version is ${stored.version}`);
  if (patches.some(({ version }, at) => version !== at + 2)) faults.push('two patches made the same version, or none made one');
  if (document.valueOf(stored) !== values.at(-1)) faults.push(`it holds ${document.valueOf(stored)}, not ${values.at(-1)}`);
  for (const { value, outcome } of attempts) {
    const times = values.filter((one) => one === value).length;
    const isRight = outcome === 'unknown' ? times <= 1 : times === { accepted: 1, refused: 0 }[String(outcome)];
    if (!isRight) faults.push(`${value} was ${outcome} and took place ${times} times`);
  }
  return { path: document.path, version: stored.version, succeeded: patches.length, faults };
}

const asRecord = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? { ...value } : {});
