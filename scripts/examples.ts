/** Records the examples of the OpenAPI document anew: each request is sent to a gateway that has only the demo's concerts. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

const FILE = 'apps/concerts-gateway/src/examples.json';
const TIMEOUT_MS = 10_000;

const { values } = parseArgs({ options: { gateway: { type: 'string', default: 'http://127.0.0.1:3000' } } });

interface Example {
  path: string;
  request: string;
  body?: object;
  status: number;
  answer: unknown;
}

const examples: Example[] = JSON.parse(await readFile(FILE, 'utf8'));
for (const example of examples) {
  const post = example.body && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(example.body),
  };
  const response = await fetch(`${values.gateway}${example.request}`, { ...post, signal: AbortSignal.timeout(TIMEOUT_MS) });
  example.status = response.status;
  example.answer = await response.json();
  process.stdout.write(`${response.status} ${example.request}\n`);
}
await writeFile(FILE, `${JSON.stringify(examples, null, 2)}\n`);
