import type { FieldFault } from '#problem';
import { isObject } from './body.js';

/** An event must not end before it starts. What is no date at all is the fault of its schema. */
export function addDatesFault(event: unknown, at: string, faults: FieldFault[]): void {
  const { startDate, endDate } = isObject(event) ? event : {};
  if (typeof startDate !== 'number' || typeof endDate !== 'number' || endDate >= startDate) return;
  faults.push({ parameter: `${at}/endDate`, code: 'minimum', detail: `must be >= startDate, ${startDate}, not ${endDate}` });
}
