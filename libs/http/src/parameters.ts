import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Static, TObject } from 'typebox';
import { makeAjv, quoted, schemaFaults } from '#contracts';
import { Fault, type FieldFault } from '#problem';

/** A request has a dozen parameters; one with more faults than this is not read by a person. */
const MAX_TOLD_FAULTS = 50;

const ajv = makeAjv({ allErrors: true, verbose: true });

/** The parameters of a query as they came: each name with its texts, in order. */
export type RawQuery = Record<string, string[]>;

/** What is right of a request, and all that is wrong with it. */
export interface Clean<T> {
  value: Partial<T>;
  faults: FieldFault[];
}

/** Each parameter of a query with its texts: `a=1&a=2` and `a[]=1` are lists. Never throws, whatever it is given. */
export function parseQuery(text: string): RawQuery {
  const query: RawQuery = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    const key = name.endsWith('[]') ? name.slice(0, -2) : name;
    const texts = query[key];
    if (texts) texts.push(value);
    else query[key] = [value];
  }
  return query;
}

/** The handler's parameters, read from the query by a schema. Any fault is a 400 that names them all. */
export const Parameters = (schema: TObject) => RequestParameters({ check: parameterCheck(schema) });

const RequestParameters = createParamDecorator(({ check }: { check: ParameterCheck<TObject> }, context: ExecutionContext) =>
  check.ofQuery(rawQueryOf(context.switchToHttp().getRequest<FastifyRequest>())),
);

/** The parameters of a request as they came. */
export const rawQueryOf = ({ url }: FastifyRequest): RawQuery => {
  const start = url.indexOf('?');
  return parseQuery(start === -1 ? '' : url.slice(start + 1));
};

/** @throws Fault ValidationError when a request has any parameter in its query */
export const assertNoParameters = (request: FastifyRequest): void =>
  assertFaultless(
    Object.keys(rawQueryOf(request)).map((parameter) => ({
      parameter,
      code: 'unknown',
      detail: 'is not known; there are none here',
    })),
  );

export interface ParameterCheck<S extends TObject> {
  ofQuery(query: RawQuery): Clean<Static<S>>;
  /** The same names in a JSON body. */
  ofBody(body: unknown): Clean<Static<S>>;
}

/** Compiles the check of a schema's properties as parameters. */
export function parameterCheck<S extends TObject>(schema: S): ParameterCheck<S> {
  const isValid = ajv.compile<Static<S>>(schema);
  const checked = (candidate: Record<string, unknown>, unread: FieldFault[]): Clean<Static<S>> => {
    const faults = [...unread];
    if (isValid(candidate)) return { value: candidate, faults };
    faults.push(...schemaFaults(isValid.errors).map(toFieldFault));
    // What is left is looked at further, so that faults between parameters are told along with these.
    for (const { parameter } of faults) delete candidate[parameter];
    return { value: isValid(candidate) ? candidate : {}, faults };
  };
  return {
    ofQuery(query) {
      const faults: FieldFault[] = [];
      const candidate: Record<string, unknown> = Object.create(null);
      for (const [name, texts] of Object.entries(query)) {
        const read = readTexts(texts, Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined);
        if ('fault' in read) faults.push({ parameter: name, ...read.fault });
        else candidate[name] = read.value;
      }
      const clean = checked(candidate, faults);
      hintAtLostSigns(clean.faults, query);
      return clean;
    },
    ofBody(body) {
      if (typeof body !== 'object' || body === null || Array.isArray(body)) {
        throw new Fault('ValidationError', 'the body must be a JSON object with the parameters of a search');
      }
      const entries = Object.entries(body).map(([name, value]) => [name, Array.isArray(value) ? [...new Set(value)] : value]);
      return checked(Object.fromEntries(entries), []);
    },
  };
}

/** In a query a plus sign means a blank: the offset of an instant came without its sign. */
const LOST_SIGN = /T[\d:.]+ \d{2}:\d{2}$/;

function hintAtLostSigns(faults: FieldFault[], query: RawQuery): void {
  for (const fault of faults) {
    const [text = ''] = query[fault.parameter] ?? [];
    if (fault.code === 'format' && LOST_SIGN.test(text)) fault.detail += '; the + of an offset is written %2B in a URL';
  }
}

/** Ends with a 400 that tells every fault, when there is any. */
export function assertFaultless(faults: FieldFault[]): void {
  if (faults.length === 0) return;
  const told = faults.slice(0, MAX_TOLD_FAULTS);
  const details = told.map(({ parameter, detail }) => `${parameter} ${detail}`.trim());
  if (faults.length > told.length) details.push(`and ${faults.length - told.length} more`);
  throw new Fault('ValidationError', details.join('; '), { fields: told });
}

const toFieldFault = ({ pointer, code, detail }: { pointer: string; code: string; detail: string }): FieldFault => ({
  parameter: (pointer.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~'),
  code: code === 'additionalProperties' ? 'unknown' : code,
  detail,
});

type Read = { value: unknown } | { fault: Omit<FieldFault, 'parameter'> };
interface PropertySchema {
  type?: unknown;
  items?: unknown;
}

/** What the texts of one parameter say, as its schema wants it: a list may be split by commas and repeated. */
function readTexts(texts: string[], schema: PropertySchema | undefined): Read {
  const [text = ''] = texts;
  // An unknown parameter is left to the schema, which says so along with all else.
  if (schema === undefined) return { value: text };
  if (schema.type === 'array') {
    const items = texts
      .flatMap((one) => one.split(','))
      .map((item) => readText(item.trim(), isSchema(schema.items) ? schema.items : {}));
    const wrong = items.find((item) => 'fault' in item);
    return wrong ?? { value: [...new Set(items.flatMap((item) => ('value' in item ? [item.value] : [])))] };
  }
  if (texts.length > 1) return { fault: { code: 'repeated', detail: `is given ${texts.length} times; it takes one value` } };
  return readText(text, schema);
}

const isSchema = (value: unknown): value is PropertySchema => typeof value === 'object' && value !== null;

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/;
const INTEGER = /^[+-]?\d+$/;

function readText(text: string, { type }: PropertySchema): Read {
  if (text === '') return { fault: { code: 'empty', detail: 'is empty' } };
  if (type === 'integer') return INTEGER.test(text) ? { value: Number(text) } : wrongText('a whole number', text);
  if (type === 'number') return DECIMAL.test(text) ? { value: Number(text) } : wrongText('a decimal number', text);
  return { value: text };
}

const wrongText = (expected: string, text: string): Read => ({
  fault: { code: 'type', detail: `must be ${expected}, not ${quoted(text)}` },
});
