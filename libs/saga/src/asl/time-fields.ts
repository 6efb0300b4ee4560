import { StateFault, SyntaxFault } from './failure.js';
import type { Fields } from './fields.js';
import type { Json } from './json.js';
import { type Data, type Path, ROOT } from './paths.js';
import { parseTimestamp } from './timestamp.js';

/** The longest time of the States Language; a Task that says nothing has it for its TimeoutSeconds. */
export const LONGEST_SECONDS = 99_999_999;

const MS = 1_000;

/** How long a Task's call may take. A heartbeat is checked and left at that: a resource answers once. */
export function readTimeout(fields: Fields): (data: Data) => number {
  const range = { min: 1, max: LONGEST_SECONDS };
  fields.oneOf(['HeartbeatSeconds', 'HeartbeatSecondsPath'], true);
  fields.reference('HeartbeatSecondsPath');
  const heartbeat = fields.integer('HeartbeatSeconds', range);
  const path = fields.reference('TimeoutSecondsPath');
  const timeout = fields.integer('TimeoutSeconds', range) ?? LONGEST_SECONDS;
  if (fields.oneOf(['TimeoutSeconds', 'TimeoutSecondsPath'], true) === 'TimeoutSecondsPath' && path) {
    return (data) => secondsAt(path, data, range.min) * MS;
  }
  if (heartbeat !== undefined && heartbeat >= timeout) fields.fault('HeartbeatSeconds', 'must be smaller than TimeoutSeconds');
  return () => timeout * MS;
}

/** When a Wait ends. */
export function readUntil(fields: Fields): (data: Data, enteredAt: number) => number {
  const seconds = fields.integer('Seconds', { min: 0, max: LONGEST_SECONDS }) ?? 0;
  const secondsPath = fields.reference('SecondsPath') ?? ROOT;
  const timestamp = fields.compiled('Timestamp', timestampOf) ?? 0;
  const timestampPath = fields.reference('TimestampPath') ?? ROOT;
  switch (fields.oneOf(['Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'])) {
    case 'SecondsPath':
      return (data, enteredAt) => enteredAt + secondsAt(secondsPath, data, 0) * MS;
    case 'Timestamp':
      return () => timestamp;
    case 'TimestampPath':
      return (data) => timestampAt(timestampPath, data);
    default:
      return (_data, enteredAt) => enteredAt + seconds * MS;
  }
}

function timestampOf(text: string): number {
  const at = parseTimestamp(text);
  if (at === undefined) throw new SyntaxFault('must be a timestamp (RFC 3339)');
  return at;
}

function secondsAt(path: Path, data: Data, min: number): number {
  const value = path.read(data);
  if (Number.isInteger(value) && typeof value === 'number' && value >= min && value <= LONGEST_SECONDS) return value;
  throw wrongValue(path, `an integer from ${min} to ${LONGEST_SECONDS}`, value);
}

function timestampAt(path: Path, data: Data): number {
  const value = path.read(data);
  const at = typeof value === 'string' ? parseTimestamp(value) : undefined;
  if (at === undefined) throw wrongValue(path, 'a timestamp (RFC 3339)', value);
  return at;
}

function wrongValue(path: Path, wanted: string, value: Json): StateFault {
  const found = typeof value === 'object' ? 'something else' : JSON.stringify(value);
  return new StateFault('States.Runtime', `The path '${path.source}' must lead to ${wanted}, and leads to ${found}`);
}
