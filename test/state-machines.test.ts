import { readdirSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import validate from 'asl-validator';
import { loadDefinition } from '#saga';

const folder = resolve(import.meta.dirname, '../apps/orchestrator/state-machines');
const machines = readdirSync(folder).map((file) => {
  const source: unknown = JSON.parse(readFileSync(resolve(folder, file), 'utf8'));
  return { name: basename(file, '.json'), source };
});

describe('the shipped state machines', () => {
  test('are those of every write', () => {
    const kinds = ['band', 'concert', 'event', 'venue'];
    const verbs = ['create', 'delete', 'patch', 'replace'];
    const expected = verbs.flatMap((verb) => kinds.map((kind) => `${verb}-${kind}`));
    expect(machines.map(({ name }) => name).toSorted()).toEqual(expected);
  });

  test.each(machines)('$name is one that AWS Step Functions takes, and that is understood here', ({ source }) => {
    expect(validate(source)).toMatchObject({ isValid: true });
    expect(() => loadDefinition(source)).not.toThrow();
  });
});
