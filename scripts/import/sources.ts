import { readdir, stat } from 'node:fs/promises';
import { basename, join, parse } from 'node:path';
import { UsageError } from '../command.js';
import { isKindName, type KindName, kindNames } from './kinds.js';

export type Format = 'json' | 'ndjson' | 'csv';

/** A file to import: what it holds, how it is written, and how long it is. */
export interface Source {
  path: string;
  kind: KindName;
  format: Format;
  bytes: number;
}

export interface Sources {
  /** in the order of their import */
  files: Source[];
  /** names in the folder that say nothing about what is in them */
  ignored: string[];
}

const formats = new Map<string, Format>([
  ['.json', 'json'],
  ['.ndjson', 'ndjson'],
  ['.jsonl', 'ndjson'],
  ['.csv', 'csv'],
]);

const EXPECTED = `expected ${kindNames.join(', ')} as ${[...formats.keys()].join(', ')}`;

/**
 * The files to import, in order.
 *
 * @param from a folder, or one file
 * @param kind what one file holds whose name does not say it
 * @throws UsageError when there is nothing to import
 */
export async function findSources(from: string, kind?: KindName): Promise<Sources> {
  const found = await stat(from).catch((cause: unknown) => {
    throw new UsageError(`${from} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  if (!found.isDirectory()) return { files: [fileSource(from, found.size, kind)], ignored: [] };
  if (kind !== undefined)
    throw new UsageError('--kind is for a single file; in a folder the names of the files say what they hold');
  return folderSources(from);
}

function fileSource(path: string, bytes: number, kind?: KindName): Source {
  const { name, ext } = parse(path);
  const format = formats.get(ext.toLowerCase());
  if (format === undefined) throw new UsageError(`${path} has no known ending: ${[...formats.keys()].join(', ')}`);
  const named = kind ?? name.toLowerCase();
  if (!isKindName(named)) throw new UsageError(`what does ${path} hold? Say it with --kind ${kindNames.join('|')}`);
  return { path, kind: named, format, bytes };
}

async function folderSources(folder: string): Promise<Sources> {
  const files: Source[] = [];
  const ignored: string[] = [];
  for (const entry of (await readdir(folder)).sort()) {
    const path = join(folder, entry);
    const { name, ext } = parse(entry.toLowerCase());
    const format = formats.get(ext);
    const { size, isFile } = await fileSize(path);
    if (isFile && format !== undefined && isKindName(name)) files.push({ path, kind: name, format, bytes: size });
    else ignored.push(entry);
  }
  if (files.length === 0) throw new UsageError(`${folder} holds nothing to import: ${EXPECTED}`);
  files.sort((one, other) => kindNames.indexOf(one.kind) - kindNames.indexOf(other.kind));
  refuseTwice(files);
  return { files, ignored };
}

async function fileSize(path: string): Promise<{ size: number; isFile: boolean }> {
  const found = await stat(path).catch(() => undefined);
  return { size: found?.size ?? 0, isFile: found?.isFile() ?? false };
}

// bands.json beside bands.csv is more likely two spellings of one list than two halves of it.
function refuseTwice(files: readonly Source[]): void {
  for (const [at, { kind, path }] of files.entries()) {
    const next = files[at + 1];
    if (next?.kind === kind)
      throw new UsageError(`both ${path} and ${basename(next.path)} hold ${kind}: import one file at a time`);
  }
}
