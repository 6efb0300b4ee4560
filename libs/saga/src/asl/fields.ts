import { type Fault, pointerTo } from './definition-fault.js';
import { SyntaxFault } from './failure.js';
import { isObject, type Json, type JsonObject } from './json.js';
import { type Expression, Path, ROOT, type Steps } from './paths.js';
import { compileTemplate, compileValue } from './payload-template.js';

export interface Range {
  min: number;
  max: number;
}

/** The fields of one object of a definition. Whoever reads one says what it has to be; those that nobody reads are faults. */
export class Fields {
  private readonly known = new Set(['Comment']);

  constructor(
    private readonly source: JsonObject,
    readonly path: string,
    readonly faults: Fault[],
  ) {}

  /** The names of the fields that are there. */
  get names(): string[] {
    return Object.keys(this.source);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.source, name);
  }

  /** A field as it stands; undefined when it is not there. */
  value(name: string): Json | undefined {
    this.known.add(name);
    return this.has(name) ? this.source[name] : undefined;
  }

  fault(name: string, detail: string): void {
    this.faults.push({ path: this.pointer(name), detail });
  }

  pointer(name: string | number): string {
    return pointerTo(this.path, name);
  }

  /** A string that has to be there and may not be empty. */
  text(name: string): string {
    const value = this.value(name);
    if (typeof value === 'string' && value !== '') return value;
    this.fault(name, value === undefined ? 'is missing' : 'must be a string that is not empty');
    return '';
  }

  optionalText(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value;
    this.fault(name, 'must be a string');
    return undefined;
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'boolean') return value;
    this.fault(name, 'must be true or false');
    return undefined;
  }

  /** A field that can have some values only. */
  option<Value extends Json>(name: string, values: readonly Value[]): Value | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const option = values.find((known) => known === value);
    if (option === undefined) this.fault(name, `must be ${values.map((known) => JSON.stringify(known)).join(' or ')}`);
    return option;
  }

  integer(name: string, range: Range): number | undefined {
    const value = this.number(name, range);
    if (value === undefined || Number.isSafeInteger(value)) return value;
    this.fault(name, 'must be an integer');
    return undefined;
  }

  number(name: string, { min, max }: Range): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= min && value <= max) return value;
    this.fault(name, `must be a number from ${min} to ${max}`);
    return undefined;
  }

  /** A path that is `$` when it is left out; null means an empty object. */
  selection(name: string): Path | null {
    if (this.value(name) === null) return null;
    return this.compiled(name, Path.compile) ?? ROOT;
  }

  /** A path to a value. */
  pathTo(name: string): Path | undefined {
    return this.compiled(name, Path.compile);
  }

  /** A path that leads to one place. */
  reference(name: string): Path | undefined {
    return this.compiled(name, (source) => {
      const path = Path.compile(source);
      path.reference();
      return path;
    });
  }

  /** Where a result goes: `$` when it is left out; null means nowhere. */
  place(name: string): Steps | null {
    if (this.value(name) === null) return null;
    return this.compiled(name, (source) => Path.compile(source).place()) ?? [];
  }

  /** A reference path or an intrinsic function. */
  expression(name: string): Expression | undefined {
    return this.compiled(name, (source) => {
      if (source.startsWith('$')) Path.compile(source).reference();
      return compileValue(source);
    });
  }

  /** A payload template. */
  template(name: string): Expression | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (isObject(value)) return compileTemplate(value, this.pointer(name), this.faults);
    this.fault(name, 'must be an object');
    return undefined;
  }

  object(name: string): Fields | undefined {
    const value = this.value(name);
    if (isObject(value)) return new Fields(value, this.pointer(name), this.faults);
    this.fault(name, value === undefined ? 'is missing' : 'must be an object');
    return undefined;
  }

  /** The objects of an array; those of its items that are none are faults. None, when the array is not there. */
  objects(name: string): Fields[] {
    const list = this.value(name);
    if (list === undefined) return [];
    if (!Array.isArray(list)) {
      this.fault(name, 'must be an array');
      return [];
    }
    const items = new Fields(Object.fromEntries(list.entries()), this.pointer(name), this.faults);
    return items.names.flatMap((index) => items.object(index) ?? []);
  }

  /** An array that may not be empty. */
  someObjects(name: string): Fields[] {
    const value = this.value(name);
    if (value === undefined || (Array.isArray(value) && value.length === 0)) this.fault(name, 'must have at least one item');
    return this.objects(name);
  }

  /** Which one of the fields is there. More than one is a fault, and so is none, unless it is optional. */
  oneOf(names: readonly string[], optional = false): string | undefined {
    const present = names.filter((name) => this.has(name));
    for (const name of present.slice(1)) this.fault(name, `cannot be there together with ${present[0]}`);
    if (present.length === 0 && !optional) this.faults.push({ path: this.path, detail: `must have ${names.join(' or ')}` });
    return present[0];
  }

  /** To be called when all is read: what is left is unknown. */
  end(): void {
    this.optionalText('Comment');
    for (const name of this.names) {
      if (!this.known.has(name)) this.fault(name, 'is not a field that is known here');
    }
  }

  /** A string made into something; undefined when it is not there or cannot be. */
  compiled<Result>(name: string, compile: (source: string) => Result): Result | undefined {
    const source = this.value(name);
    if (source === undefined) return undefined;
    try {
      if (typeof source !== 'string') throw new SyntaxFault('must be a string');
      return compile(source);
    } catch (fault) {
      if (!(fault instanceof SyntaxFault)) throw fault;
      this.fault(name, fault.message);
      return undefined;
    }
  }
}
