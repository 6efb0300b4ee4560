import { JSONPathEnvironment, type JSONPathQuery, jsonpath } from 'json-p3';
import { StateFault, SyntaxFault } from './failure.js';
import { isObject, type Json } from './json.js';

/** What a path is applied to. */
export interface Data {
  /** `$` */
  input: Json;
  /** `$$`, the context object; made only when a path asks for it. */
  context: () => Json;
}

/** A value computed from a state's data: a path, an intrinsic function or a whole payload template. */
export type Expression = (data: Data) => Json;

/** The names and indexes that lead to one place. */
export type Steps = readonly (string | number)[];

/** Longer ones are no paths that a person wrote. */
const MAX_PATH_LENGTH = 1_024;

const environment = new JSONPathEnvironment();
/** RFC 9535 has filter functions, the States Language has not; two of them would run patterns found in the data. */
environment.functionRegister.clear();

/** A path of the States Language, compiled: RFC 9535, with `$$` for the context object. */
export class Path {
  private constructor(
    readonly source: string,
    private readonly inContext: boolean,
    private readonly query: JSONPathQuery,
    /** Where it leads, of a singular path; others may find any number of values. */
    private readonly steps: Steps | undefined,
  ) {}

  /** Throws a SyntaxFault for a malformed path. */
  static compile(source: string): Path {
    if (source.length > MAX_PATH_LENGTH) throw new SyntaxFault(`is a path of more than ${MAX_PATH_LENGTH} characters`);
    const inContext = source.startsWith('$$');
    const query = parse(inContext ? source.slice(1) : source);
    return new Path(source, inContext, query, query.singularQuery() ? stepsOf(query) : undefined);
  }

  /** The value of a singular path, undefined when it finds nothing; an array of all that it finds, of any other. */
  find(data: Data): Json | undefined {
    const root = this.inContext ? data.context() : data.input;
    if (!this.steps) return findAll(this.query, root);
    let value: Json | undefined = root;
    for (const step of this.steps) value = child(value, step);
    return value;
  }

  /** As `find`, but throws States.Runtime when a singular path finds nothing. */
  read(data: Data): Json {
    const value = this.find(data);
    if (value === undefined) throw new StateFault('States.Runtime', `Invalid path '${this.source}' : ${this.missing(data)}`);
    return value;
  }

  /** The steps of a path that names one place, which may be yet to be made, in a state's data. Throws a SyntaxFault. */
  place(): Steps {
    if (this.inContext) throw new SyntaxFault('may not lead into the context object');
    return this.reference();
  }

  /** Throws a SyntaxFault unless this is a reference path: one that can only lead to one place. */
  reference(): Steps {
    if (!this.steps) throw new SyntaxFault('is not a reference path: it may find several values');
    if (this.steps.some((step) => typeof step === 'number' && step < 0)) {
      throw new SyntaxFault('is not a reference path: it counts from the end of an array');
    }
    return this.steps;
  }

  private missing(data: Data): string {
    let value: Json | undefined = this.inContext ? data.context() : data.input;
    let location = '$';
    for (const step of this.steps ?? []) {
      location += `[${typeof step === 'number' ? step : `'${step}'`}]`;
      value = child(value, step);
      if (value === undefined) break;
    }
    return `Missing property in path ${location}`;
  }
}

/** `$`, which InputPath, OutputPath, ResultPath and ItemsPath mean when they are left out. */
export const ROOT = Path.compile('$');

/** The data with a value put in at a place; parents that are missing are made. Throws States.ResultPathMatchFailure. */
export function putIn(target: Json | undefined, steps: Steps, value: Json): Json {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (typeof step === 'number') {
    if (!Array.isArray(target) || step >= target.length) throw misfit(`an element ${step}`);
    return target.with(step, putIn(target[step], rest, value));
  }
  if (target !== undefined && !isObject(target)) throw misfit(`a field '${step}'`);
  return { ...target, [step]: putIn(child(target, step), rest, value) };
}

function misfit(place: string): StateFault {
  return new StateFault('States.ResultPathMatchFailure', `ResultPath does not fit the input, which has no room for ${place}`);
}

function child(value: Json | undefined, step: string | number): Json | undefined {
  if (typeof step === 'number') return Array.isArray(value) ? value.at(step) : undefined;
  return isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

function findAll(query: JSONPathQuery, root: Json): Json[] {
  const places = query.query(root).locations();
  return places.map((steps) => steps.reduce<Json | undefined>(child, root)).filter((value) => value !== undefined);
}

function parse(source: string): JSONPathQuery {
  try {
    return environment.compile(source);
  } catch (cause) {
    throw new SyntaxFault(`is not a path: ${cause instanceof Error ? cause.message : source}`, { cause });
  }
}

/** What the segments of a singular query select, one after the other. */
function stepsOf(query: JSONPathQuery): Steps {
  return query.segments.flatMap(({ selectors }) =>
    selectors.map((selector) => {
      if (selector instanceof jsonpath.selectors.NameSelector) return selector.name;
      if (selector instanceof jsonpath.selectors.IndexSelector) return selector.index;
      throw new SyntaxFault('is not a path that leads to one place');
    }),
  );
}
