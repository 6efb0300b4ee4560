import { StateFault } from './failure.js';
import { isObject, type Json } from './json.js';

/** What AWS allows to the input or output of a state: 256 KiB of UTF-8. */
const MAX_DATA_BYTES = 262_144;

/** Deeper data is refused like larger data, so that whatever walks through it can do so by recursion. */
const MAX_DATA_DEPTH = 128;

/** Throws States.DataLimitExceeded for data that a state may not have; `of` says whose it is. */
export function limitData(value: Json, of: string): Json {
  if (jsonBytes(value, MAX_DATA_DEPTH) > MAX_DATA_BYTES) {
    throw new StateFault('States.DataLimitExceeded', `${of} with a size exceeding the maximum number of bytes service limit.`);
  }
  return value;
}

/** The length of a value's JSON text, escapes aside; infinite below the given depth. */
function jsonBytes(value: Json, depth: number): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + '""'.length;
  if (typeof value !== 'object' || value === null) return String(value).length;
  if (depth === 0) return Number.POSITIVE_INFINITY;
  let bytes = '{}'.length;
  if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      bytes += Buffer.byteLength(name) + '"":,'.length + jsonBytes(member, depth - 1);
    }
  } else {
    for (const item of value) bytes += ','.length + jsonBytes(item, depth - 1);
  }
  return bytes;
}
