import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionDetail, ExecutionRow } from '#contracts';
import type { HttpAnswer, WriteClient } from '../support/write-client.js';

const PAGE = 1_000;
/** What still runs when all requests are answered ends within the lease of its last call, also when its orchestrator is gone. */
const REST_TIMEOUT_MS = 60_000;
const POLL_MS = 100;

/** All executions in the journal, page by page. */
export const listExecutions = (client: WriteClient): Promise<ExecutionRow[]> =>
  pages<ExecutionRow>(client, `/executions?limit=${PAGE}`);

export const readExecution = (client: WriteClient, id: string): Promise<ExecutionDetail> =>
  read<ExecutionDetail>(client, `/executions/${id}`);

/** Resolves when no execution runs any more. @throws Error when some still do after a minute */
export async function allEnded(client: WriteClient): Promise<void> {
  const deadline = Date.now() + REST_TIMEOUT_MS;
  for (;;) {
    const running = await read<ExecutionRow[]>(client, '/executions?status=RUNNING&limit=1');
    if (running.length === 0) return;
    if (Date.now() > deadline)
      throw new Error(`${running[0]?.id} still runs ${REST_TIMEOUT_MS / 1_000} s after the last request`);
    await sleep(POLL_MS);
  }
}

/** The rows of a list, followed by its next links. */
export async function pages<Row>(client: WriteClient, first: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (let path: string | undefined = first; path !== undefined; ) {
    const { status, headers, text }: HttpAnswer = await client.send({ method: 'GET', path });
    if (status !== 200) throw new Error(`${path} answered ${status}: ${text.slice(0, 300)}`);
    rows.push(...JSON.parse(text));
    path = /<([^>]*)>; rel="next"/.exec(String(headers['link']))?.[1];
  }
  return rows;
}

async function read<T>(client: WriteClient, path: string): Promise<T> {
  const { status, text } = await client.send({ method: 'GET', path });
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}
