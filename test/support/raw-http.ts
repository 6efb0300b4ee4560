import { connect } from 'node:net';
import { AnswerReader, type RawAnswer } from '../../bench/support/raw-answers.js';

/** A server that says nothing for so long has said all it will. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Sends bytes that no HTTP client would, and reads the first answer. @throws Error when there is none */
export async function rawRequest(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
  socket.write(bytes);
  const reader = new AnswerReader();
  // Leaving the loop ends the connection.
  for await (const piece of socket) {
    reader.read(String(piece));
    const [answer] = reader.answers;
    if (answer) return answer;
  }
  throw new Error('the connection ended without an answer');
}
