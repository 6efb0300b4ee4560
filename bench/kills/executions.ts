import type { ExecutionRow } from '#contracts';
import type { KeptSystem } from './kept-system.js';

const TIMEOUT_MS = 10_000;
const NEXT = /<([^>]*)>; rel="next"/;

/** All executions of a status, or of any, as the orchestrator tells them. */
export async function listExecutions(system: KeptSystem, status?: ExecutionRow['status']): Promise<ExecutionRow[]> {
  const rows: ExecutionRow[] = [];
  const [url] = system.orchestrators;
  const filter = status === undefined ? '' : `&status=${status}`;
  for (let next: string | undefined = `/executions?limit=1000${filter}`; next !== undefined; ) {
    const response: Response = await fetch(`${url}${next}`, {
      headers: { authorization: system.authorization },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`${next} answers ${response.status}: ${await response.text()}`);
    const page: ExecutionRow[] = JSON.parse(await response.text());
    rows.push(...page);
    next = NEXT.exec(response.headers.get('link') ?? '')?.[1];
  }
  return rows;
}
