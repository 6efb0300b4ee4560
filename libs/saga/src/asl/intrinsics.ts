import { StateFault, SyntaxFault } from './failure.js';
import { isObject, type Json } from './json.js';
import { type Expression, Path } from './paths.js';

/** An argument of an intrinsic function. */
interface Argument {
  evaluate: Expression;
  /** What it is, when the definition spells it out. */
  literal?: Json;
  /** A spelled out string, cut at each of its placeholders `{}`. */
  parts?: string[];
}

type Compile = (args: Argument[]) => Expression;

/** Those that the shipped state machines use; any other is refused when a definition is loaded. */
const FUNCTIONS: ReadonlyMap<string, Compile> = new Map([
  ['States.Format', compileFormat],
  ['States.JsonMerge', compileJsonMerge],
]);

/** What AWS allows to functions in the arguments of functions. */
const MAX_NESTING = 10;

const NAME = /States\.\w*/y;
const SPACE = /\s*/y;
const LITERAL = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)(?=\s*[,)])/y;
const STRING = /'((?:[^'\\]|\\.)*)'/suy;
/** A path ends at the comma or bracket after it; those in its own brackets and quotes belong to it. */
const PATH_PIECE = /[^,()[\]'"]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/suy;

/**
 * An intrinsic function, such as `States.Format('{}/{}', $.a, $$.Execution.Id)`, compiled. It throws a SyntaxFault; what it
 * gives back throws States.IntrinsicFailure.
 */
export function compileIntrinsic(source: string): Expression {
  const reader = new IntrinsicReader(source);
  const { evaluate } = reader.call(1);
  reader.end();
  return evaluate;
}

class IntrinsicReader {
  private position = 0;

  constructor(private readonly source: string) {}

  call(nesting: number): Argument {
    if (nesting > MAX_NESTING) throw new SyntaxFault(`has intrinsic functions nested deeper than ${MAX_NESTING}`);
    const name = this.take(NAME)?.[0] ?? '';
    const compile = FUNCTIONS.get(name);
    if (!compile) throw new SyntaxFault(`calls ${name || 'no function'}; known are ${[...FUNCTIONS.keys()].join(' and ')}`);
    this.expect('(');
    const args: Argument[] = [];
    do {
      args.push(this.argument(nesting));
    } while (this.skip(','));
    this.expect(')');
    return { evaluate: compile(args) };
  }

  end(): void {
    this.take(SPACE);
    if (this.position < this.source.length) throw this.fault('an end');
  }

  private argument(nesting: number): Argument {
    this.take(SPACE);
    if (this.source.startsWith('States.', this.position)) return this.call(nesting + 1);
    if (this.source.startsWith('$', this.position)) return pathArgument(this.path());
    const string = this.take(STRING);
    if (string) return stringArgument(string[1] ?? '');
    const literal = this.take(LITERAL);
    if (!literal) throw this.fault('an argument');
    return literalArgument(JSON.parse(literal[0]));
  }

  private path(): string {
    const from = this.position;
    for (let open = 0; this.position < this.source.length; ) {
      if (this.take(PATH_PIECE)) continue;
      const next = this.source[this.position] ?? '';
      if (open === 0 && ',)'.includes(next)) break;
      if ('[('.includes(next)) open += 1;
      if ('])'.includes(next)) open -= 1;
      this.position += 1;
    }
    return this.source.slice(from, this.position).trimEnd();
  }

  private skip(punctuation: string): boolean {
    this.take(SPACE);
    if (!this.source.startsWith(punctuation, this.position)) return false;
    this.position += punctuation.length;
    return true;
  }

  private expect(punctuation: string): void {
    if (!this.skip(punctuation)) throw this.fault(`'${punctuation}'`);
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.source);
    if (found) this.position = pattern.lastIndex;
    return found;
  }

  private fault(wanted: string): SyntaxFault {
    return new SyntaxFault(`is no intrinsic function: ${wanted} is wanted at character ${this.position + 1}`);
  }
}

function literalArgument(literal: Json): Argument {
  return { evaluate: () => literal, literal };
}

function stringArgument(raw: string): Argument {
  const parts = unescaped(raw);
  return { ...literalArgument(parts.join('{}')), parts };
}

function pathArgument(source: string): Argument {
  const path = Path.compile(source);
  return {
    evaluate: (data) => {
      const value = path.find(data);
      if (value === undefined) throw failure(`the path '${source}' finds nothing`);
      return value;
    },
  };
}

/** A string as it is meant, cut at its placeholders. The language knows the escapes `\'`, `\\`, `\{` and `\}` only. */
function unescaped(raw: string): string[] {
  const parts = [''];
  for (const [piece] of raw.matchAll(/\\.|\{\}|./gsu)) {
    if (piece === '{}') parts.push('');
    else parts.push((parts.pop() ?? '') + (piece.length > 1 && piece.startsWith('\\') ? escaped(piece) : piece));
  }
  return parts;
}

function escaped(piece: string): string {
  if (!/^\\['\\{}]$/.test(piece)) throw new SyntaxFault(`has the unknown escape ${piece}`);
  return piece.slice(1);
}

/** `States.Format(template, ...values)`: the template with each `{}` replaced by the value at its place. */
function compileFormat([template, ...values]: Argument[]): Expression {
  if (!template || (template.literal !== undefined && !template.parts)) {
    throw new SyntaxFault('gives States.Format a template that is not a string');
  }
  const parts = template.parts;
  if (parts && parts.length - 1 !== values.length) {
    throw new SyntaxFault(`gives States.Format ${values.length} values for ${parts.length - 1} placeholders`);
  }
  return (data) =>
    format(
      parts ?? partsOf(template.evaluate(data)),
      values.map(({ evaluate }) => evaluate(data)),
    );
}

function partsOf(template: Json): string[] {
  if (typeof template !== 'string') throw failure('the template of States.Format is not a string');
  return template.split('{}');
}

function format(parts: string[], values: Json[]): string {
  if (parts.length - 1 !== values.length) {
    throw failure(`States.Format has ${values.length} values for ${parts.length - 1} placeholders`);
  }
  return parts.map((part, index) => part + (index < values.length ? textOf(values[index] ?? null) : '')).join('');
}

function textOf(value: Json): string {
  if (typeof value === 'object' && value !== null) throw failure('States.Format takes no arrays and objects');
  return String(value);
}

/** `States.JsonMerge(first, second, false)`: both objects in one, the second's fields before the first's. */
function compileJsonMerge(args: Argument[]): Expression {
  const [first, second, deep] = args;
  if (!first || !second || !deep || args.length > 3) throw new SyntaxFault('gives States.JsonMerge other than three arguments');
  if (deep.literal !== undefined && deep.literal !== false) {
    throw new SyntaxFault('gives States.JsonMerge a third argument other than false');
  }
  return (data) => {
    const [before, after] = [first.evaluate(data), second.evaluate(data)];
    if (!isObject(before) || !isObject(after)) throw failure('States.JsonMerge merges objects only');
    if (deep.evaluate(data) !== false) throw failure('States.JsonMerge merges shallowly only: its third argument must be false');
    return { ...before, ...after };
  };
}

function failure(cause: string): StateFault {
  return new StateFault('States.IntrinsicFailure', cause);
}
