import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const readme = readFileSync('README.md', 'utf8');
const makefile = readFileSync('Makefile', 'utf8');

describe('the README', () => {
  test('names only paths that exist', () => {
    const paths = [
      ...readme.matchAll(/`((?:apps|libs|scripts|test|docs)\/[\w./-]+)`/g),
      ...readme.matchAll(/\]\(((?!http)[\w./-]+)\)/g),
    ];
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.map(([, path = '']) => path).filter((path) => !existsSync(path))).toEqual([]);
  });

  test('names only targets that make knows', () => {
    const targets = [...readme.matchAll(/(?:`|^)make ([a-z]+)/gm)].map(([, target]) => target);
    expect(targets.length).toBeGreaterThan(3);
    expect(targets.filter((target) => !new RegExp(`^${target}:`, 'm').test(makefile))).toEqual([]);
  });

  test('shows pictures that are drawn from texts in the docs', () => {
    const drawn = readdirSync('docs/pictures').map((name) => name.replace(/\.dot$/, '.svg'));
    expect(readdirSync('images').sort()).toEqual(drawn.sort());
  });
});
