import type { ConcertSearch } from '#contracts';
import { Fault } from '#problem';
import { type ConcertReadModel, concertRow, isOutage, type Part, possible } from '#read-model';
import type { CallContext } from '#rpc';
import type { ListAnswer } from './answers.js';
import { readConcertQuery } from './concert-query.js';
import type { CleanRead } from './read-parameters.js';

/** A search for concerts, from its parameters to its answer. */
export async function concertList(
  readModel: ConcertReadModel,
  search: CleanRead<ConcertSearch>,
  asking: CallContext,
): Promise<ListAnswer> {
  const { query, fields, cursorAt } = readConcertQuery(search);
  const { consistency = 'fresh' } = search.value;
  const { afterChange } = search;
  const page = await readModel.find(query, asking, { consistency, afterChange });
  const rows = page.concerts.map(concertRow);
  return {
    servedBy: page.servedBy,
    dataAgeMs: page.dataAgeMs,
    consistency,
    rows: fields ? rows.map((row) => only(row, fields)) : rows,
    next: page.next && cursorAt(page.next),
    missing: page.missing,
    stages: page.stages,
  };
}

/** What the concerts of one band, venue or event belong to. */
export interface Whole {
  part: Part;
  id: number;
  read(ids: Iterable<number>, asking: CallContext): Promise<ReadonlyMap<number, unknown>>;
}

/** Tells an empty list from one of something that does not exist. @throws Fault NotFound */
export async function orNotFound(answer: ListAnswer, { part, id, read }: Whole, asking: CallContext): Promise<ListAnswer> {
  if (answer.rows.length > 0) return answer;
  try {
    const found = await read(possible([id]), asking);
    if (found.has(id)) return answer;
  } catch (error) {
    if (!isOutage(error)) throw error;
    return { ...answer, missing: [part] };
  }
  throw new Fault('NotFound', `there is nothing with the id ${id} among the ${part}`);
}

const only = (row: object, fields: readonly string[]): object =>
  Object.fromEntries(Object.entries(row).filter(([name]) => fields.includes(name)));
