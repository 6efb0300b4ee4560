import { StateFault } from './failure.js';
import type { Fields } from './fields.js';
import type { Json } from './json.js';
import type { Data, Path } from './paths.js';
import { parseTimestamp } from './timestamp.js';

/** A rule of a Choice state, compiled. It throws States.Runtime when a path of it finds nothing. */
export type Test = (data: Data) => boolean;

type Comparable = string | number | boolean;
/** Makes the test of the operator that is the field of this name. */
type ReadOperator = (fields: Fields, name: string, variable: Path) => Test | undefined;

const NEVER: Test = () => false;

/** What a value is to a comparison of this type; undefined when it is of another type, and then nothing about it holds. */
const COMPARABLES: Record<string, (value: Json) => Comparable | undefined> = {
  String: (value) => (typeof value === 'string' ? value : undefined),
  Numeric: (value) => (typeof value === 'number' ? value : undefined),
  Boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  Timestamp: (value) => (typeof value === 'string' ? parseTimestamp(value) : undefined),
};

const COMPARISONS: Record<string, (one: Comparable, other: Comparable) => boolean> = {
  Equals: (one, other) => one === other,
  LessThan: (one, other) => one < other,
  GreaterThan: (one, other) => one > other,
  LessThanEquals: (one, other) => one <= other,
  GreaterThanEquals: (one, other) => one >= other,
};

const TYPE_TESTS: Record<string, (value: Json) => boolean> = {
  IsNull: (value) => value === null,
  IsNumeric: (value) => typeof value === 'number',
  IsString: (value) => typeof value === 'string',
  IsBoolean: (value) => typeof value === 'boolean',
  IsTimestamp: (value) => typeof value === 'string' && parseTimestamp(value) !== undefined,
};

const OPERATORS: ReadonlyMap<string, ReadOperator> = new Map([
  ...comparisonOperators(),
  ...Object.entries(TYPE_TESTS).map(([name, isType]): [string, ReadOperator] => [name, typeOperator(isType)]),
  ['IsPresent', readIsPresent],
  ['StringMatches', readStringMatches],
]);

/** A boolean expression: And, Or, Not, or the test of one Variable. Its faults go to the fields' list. */
export function readTest(fields: Fields): Test {
  const kind = fields.oneOf(['And', 'Or', 'Not', 'Variable']);
  if (kind === 'And' || kind === 'Or') {
    const tests = fields.someObjects(kind).map(readInnerTest);
    return kind === 'And' ? (data) => tests.every((test) => test(data)) : (data) => tests.some((test) => test(data));
  }
  if (kind === 'Not') {
    const inner = fields.object('Not');
    const test = inner ? readInnerTest(inner) : NEVER;
    return (data) => !test(data);
  }
  return kind === 'Variable' ? readDataTest(fields) : NEVER;
}

/** Only the outermost expression of a rule has a Next. */
function readInnerTest(fields: Fields): Test {
  const test = readTest(fields);
  fields.end();
  return test;
}

function readDataTest(fields: Fields): Test {
  const variable = fields.pathTo('Variable');
  const name = fields.oneOf([...OPERATORS.keys()].filter((operator) => fields.has(operator)));
  const read = OPERATORS.get(name ?? '');
  if (!variable || !name || !read) return NEVER;
  return read(fields, name, variable) ?? NEVER;
}

function comparisonOperators(): [string, ReadOperator][] {
  return Object.entries(COMPARABLES).flatMap(([type, comparable]) =>
    Object.entries(COMPARISONS)
      .filter(([comparison]) => type !== 'Boolean' || comparison === 'Equals')
      .flatMap(([comparison, holds]): [string, ReadOperator][] => {
        const compare = (one: Json, other: Json) => {
          const [left, right] = [comparable(one), comparable(other)];
          return left !== undefined && right !== undefined && holds(left, right);
        };
        return [
          [`${type}${comparison}`, literalOperator(type, compare)],
          [`${type}${comparison}Path`, pathOperator(compare)],
        ];
      }),
  );
}

type Compare = (one: Json, other: Json) => boolean;

function literalOperator(type: string, compare: Compare): ReadOperator {
  return (fields, name, variable) => {
    const wanted = fields.value(name) ?? null;
    if (COMPARABLES[type]?.(wanted) === undefined) {
      fields.fault(name, `must be a ${type.toLowerCase()}${type === 'Timestamp' ? ' (RFC 3339)' : ''}`);
    }
    return (data) => compare(subject(variable, data), wanted);
  };
}

function pathOperator(compare: Compare): ReadOperator {
  return (fields, name, variable) => {
    const wanted = fields.pathTo(name);
    return wanted && ((data) => compare(subject(variable, data), subject(wanted, data)));
  };
}

function typeOperator(isType: (value: Json) => boolean): ReadOperator {
  return (fields, name, variable) => {
    const wanted = fields.flag(name);
    return (data) => isType(subject(variable, data)) === wanted;
  };
}

function readIsPresent(fields: Fields, name: string, variable: Path): Test {
  const wanted = fields.flag(name);
  return (data) => (variable.find(data) !== undefined) === wanted;
}

function readStringMatches(fields: Fields, name: string, variable: Path): Test {
  const pieces = piecesOf(fields.text(name));
  return (data) => {
    const value = subject(variable, data);
    return typeof value === 'string' && matches(value, pieces);
  };
}

/** The texts between the wildcards `*` of a pattern; a backslash takes its meaning from the character after it. */
function piecesOf(pattern: string): string[] {
  const pieces = [''];
  for (const [piece] of pattern.matchAll(/\\[*\\]|./gsu)) {
    if (piece === '*') pieces.push('');
    else pieces.push((pieces.pop() ?? '') + (piece.length > 1 && piece.startsWith('\\') ? piece.slice(1) : piece));
  }
  return pieces;
}

/** Each piece is looked for once, left to right: the time is linear whatever the pattern. */
function matches(text: string, pieces: string[]): boolean {
  const [first = '', ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const piece of rest) {
    const at = text.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}

function subject(path: Path, data: Data): Json {
  const value = path.find(data);
  if (value !== undefined) return value;
  const cause = `Invalid path '${path.source}': The choice state's condition path references an invalid value.`;
  throw new StateFault('States.Runtime', cause);
}
