import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** A server that says nothing for so long has said all it will. */
const ANSWER_TIMEOUT_MS = 10_000;

export interface RawAnswer {
  status: number;
  headers: Headers;
  body: string;
}

/** Sends bytes that no HTTP client would, and reads the one answer until the server ends it. */
export async function rawRequest(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (isWhole(Buffer.concat(chunks).toString('latin1'))) resolve();
  });
  socket.on('end', resolve);
  socket.on('error', reject);
  socket.write(bytes);
  const controller = new AbortController();
  try {
    const late = setTimeout(ANSWER_TIMEOUT_MS, undefined, { signal: controller.signal });
    await Promise.race([promise, late.then(() => reject(new Error('no answer')))]);
  } finally {
    controller.abort();
    socket.destroy();
  }
  return parsed(Buffer.concat(chunks).toString('latin1'));
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
  return end !== -1 && length !== undefined && text.length - end - 4 >= Number(length);
}

function parsed(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { status: Number(statusLine.split(' ')[1]), headers, body: rest.join('\r\n\r\n') };
}
