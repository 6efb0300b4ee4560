import type { ServiceName } from '#config';
import type { Exchange } from './client.js';

const TIMEOUT_MS = 10_000;
const PARTS = [
  ['bandId', 'bands'],
  ['venueId', 'venues'],
  ['eventId', 'events'],
] as const;

/** What was promised of one entity, by the answers about it. */
interface Promised {
  kind: ServiceName;
  id: number;
  /** When the last create of it was sent. */
  createdAt: number;
  version: number;
  /** Whose cascade deletes it too: `bands/3`. */
  parts: Set<string>;
}

/**
 * Whether what clients were told is true, by what the gateway answers now.
 * @returns a line for each promise that was broken
 */
export async function brokenPromises(exchanges: readonly Exchange[], gateway: string): Promise<string[]> {
  const broken: string[] = [];
  const deletedAt = deletions(exchanges);
  for (const promised of promisesOf(exchanges)) {
    const place = placeOf(promised.kind, promised.id);
    const { status, etag } = await get(`${gateway}/${place}`);
    const deletes = [place, ...promised.parts].map((one) => deletedAt.get(one === place ? place : `${one} cascade`) ?? 0);
    const mayBeGone = Math.max(...deletes) >= promised.createdAt;
    if (status !== 200 && !(status === 404 && mayBeGone))
      broken.push(`lost: ${place} was answered with 201, and now with ${status}`);
    if (status === 200 && versionOf(etag) < promised.version)
      broken.push(`lost: ${place} has the ETag ${etag}, and version ${promised.version} was answered`);
  }
  for (const { write, answer } of exchanges) {
    if (answer.status === 0) broken.push(`lost: ${write.method} ${write.path} (${write.key}) never had a definite answer`);
    if (answer.status === 500)
      broken.push(`lost: ${write.method} ${write.path} (${write.key}) was answered with 500: ${answer.text}`);
    if (write.doomedName !== undefined) broken.push(...(await remains(write.doomedName, answer.status, gateway)));
  }
  return broken;
}

const placeOf = (kind: ServiceName, id: number): string => `${kind}/${id}`;

/** When each entity was last answered to be deleted, and when with all that refers to it. */
function deletions(exchanges: readonly Exchange[]): Map<string, number> {
  const deletedAt = new Map<string, number>();
  for (const { write, answer, answeredAt } of exchanges) {
    if (answer.status !== 204 || write.id === undefined) continue;
    const place = placeOf(write.kind, write.id);
    const names = write.path.includes('cascade') ? [place, `${place} cascade`] : [place];
    for (const name of names) deletedAt.set(name, Math.max(answeredAt, deletedAt.get(name) ?? 0));
  }
  return deletedAt;
}

function promisesOf(exchanges: readonly Exchange[]): Promised[] {
  const promises = new Map<string, Promised>();
  for (const { write, answer, sentAt } of exchanges) {
    if (answer.status !== 200 && answer.status !== 201) continue;
    const record: Record<string, unknown> = JSON.parse(answer.text);
    const id = Number(record['id']);
    const place = placeOf(write.kind, id);
    const before = promises.get(place) ?? { kind: write.kind, id, createdAt: 0, version: 0, parts: new Set<string>() };
    for (const [field, kind] of PARTS) if (typeof record[field] === 'number') before.parts.add(placeOf(kind, record[field]));
    before.version = Math.max(before.version, versionOf(answer.etag));
    if (answer.status === 201) before.createdAt = Math.max(before.createdAt, sentAt);
    promises.set(place, before);
  }
  return [...promises.values()].filter(({ createdAt }) => createdAt > 0);
}

/** The first number of an ETag: the version of what it is of. */
const versionOf = (etag: string | undefined): number => Number(/^"(\d+)/.exec(etag ?? '')?.[1] ?? 0);

async function remains(name: string, status: number, gateway: string): Promise<string[]> {
  if (status >= 200 && status < 300) return [`lost: what cannot be made, ${name}, was answered with ${status}`];
  const query = new URLSearchParams({ name, limit: '1' });
  const found: string[] = [];
  for (const kind of ['bands', 'venues'])
    if ((await get(`${gateway}/${kind}?${query}`)).text !== '[]') found.push(`orphaned: of ${name} one of the ${kind} is left`);
  return found;
}

async function get(url: string): Promise<{ status: number; etag: string | undefined; text: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return { status: response.status, etag: response.headers.get('etag') ?? undefined, text: await response.text() };
}
