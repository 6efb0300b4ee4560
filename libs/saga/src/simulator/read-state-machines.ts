import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Json } from '../asl/json.js';

const EXTENSION = '.json';

/** The state machines of a folder, by the names of their files. */
export function readStateMachines(folder: URL): ReadonlyMap<string, Json> {
  const files = readdirSync(folder).filter((file) => file.endsWith(EXTENSION));
  return new Map(files.map((file) => [basename(file, EXTENSION), JSON.parse(readFileSync(new URL(file, folder), 'utf8'))]));
}
