import { expect } from '@jest/globals';
import type { Answer } from './api-client.js';

/** The answer, which must have this status; the text of one that has not is shown. */
export function expectStatus(answer: Answer, status: number): Answer {
  expect({ status: answer.status, text: answer.text }).toEqual({ status, text: answer.text });
  return answer;
}

/** The members of an answer that is a JSON object. */
export function fieldsOf({ body, text }: Answer): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body };
  throw new Error(`the answer is no object: ${text.slice(0, 500)}`);
}

/** The number of this name in an answer, such as an id. */
export function numberIn(answer: Answer, name = 'id'): number {
  const { [name]: value } = fieldsOf(answer);
  if (typeof value === 'number') return value;
  throw new Error(`the answer has no number ${name}: ${answer.text.slice(0, 500)}`);
}

/** The header that expects the version of an answer. */
export const etagOf = ({ headers }: Answer) => ({ 'if-match': headers.get('etag') ?? '' });
