import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import Type, { type Static } from 'typebox';
import { serviceNames } from '#config';
import { makeAjv, schemaFaults } from '#contracts';
import { BackupFault } from './backup-fault.js';

/** Written last: a folder without it holds no backup. */
export const MANIFEST_FILE = 'manifest.json';
const MANIFEST_VERSION = 1;

const closed = { additionalProperties: false };

const BackedUpFile = Type.Object(
  {
    store: Type.Enum([...serviceNames, 'orchestrator'], { type: 'string' }),
    bytes: Type.Integer({ minimum: 0 }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    schemaVersion: Type.Integer({ minimum: 1 }),
    storeId: Type.String({ format: 'uuid' }),
  },
  closed,
);

const Manifest = Type.Object(
  {
    manifestVersion: Type.Literal(MANIFEST_VERSION),
    madeAt: Type.String({ format: 'date-time' }),
    /** Of the program. */
    version: Type.String(),
    files: Type.Array(BackedUpFile, { minItems: 1 }),
  },
  closed,
);

export type BackedUpFile = Static<typeof BackedUpFile>;
export type Manifest = Static<typeof Manifest>;

export const manifestPath = (folder: string): string => join(folder, MANIFEST_FILE);

export const manifestOf = (version: string, files: BackedUpFile[]): Manifest => ({
  manifestVersion: MANIFEST_VERSION,
  madeAt: new Date().toISOString(),
  version,
  files,
});

/** @throws BackupFault when there is none, or one that says something else */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = manifestPath(folder);
  if (!existsSync(path)) throw new BackupFault(`there is no backup in ${folder}: it has no ${MANIFEST_FILE}`);
  const manifest = parsed(await readFile(path, 'utf8'));
  const isManifest = makeAjv({ verbose: true }).compile(Manifest);
  if (isManifest(manifest)) return manifest;
  const [fault] = schemaFaults(isManifest.errors);
  throw new BackupFault(`${path} is not one that this version can read: ${fault?.pointer ?? ''} ${fault?.detail ?? ''}`);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // which is no manifest
  }
}

/** @param onBytes told of what has been read */
export async function sha256Of(path: string, onBytes: (bytes: number) => void): Promise<string> {
  const digest = createHash('sha256');
  const source = createReadStream(path);
  source.on('data', (chunk) => onBytes(chunk.length));
  await pipeline(source, digest);
  return digest.digest('hex');
}
