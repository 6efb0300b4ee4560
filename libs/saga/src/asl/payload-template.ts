import { type Fault, pointerTo } from './definition-fault.js';
import { StateFault, SyntaxFault } from './failure.js';
import { compileIntrinsic } from './intrinsics.js';
import { isObject, type Json, type JsonObject } from './json.js';
import { type Expression, Path } from './paths.js';

/** A field whose value is to be computed has a name that ends so. */
const COMPUTED = '.$';

/**
 * A payload template (Parameters, ResultSelector, ItemSelector), compiled; its faults are added to the list. What it gives
 * back throws States.ParameterPathFailure for a path that finds nothing.
 */
export function compileTemplate(template: JsonObject, path: string, faults: Fault[]): Expression {
  return compileNode(template, path, faults) ?? (() => template);
}

/** A path or an intrinsic function, compiled. Throws a SyntaxFault. */
export function compileValue(source: string): Expression {
  if (source.startsWith('States.')) return compileIntrinsic(source);
  if (!source.startsWith('$')) throw new SyntaxFault('must be a path or an intrinsic function');
  const path = Path.compile(source);
  return (data) => path.read(data);
}

/** Undefined for a part of a template with nothing to compute in it, which stands for itself. */
function compileNode(node: Json, path: string, faults: Fault[]): Expression | undefined {
  if (Array.isArray(node)) {
    const items = node.map((item, index) => compileNode(item, pointerTo(path, index), faults));
    if (items.every((item) => item === undefined)) return undefined;
    return (data) => node.map((item, index) => items[index]?.(data) ?? item);
  }
  if (!isObject(node)) return undefined;
  const fields = Object.entries(node).map(([name, value]) => compileField(name, value, node, { path, faults }));
  if (fields.every(({ compute }) => compute === undefined)) return undefined;
  return (data) => Object.fromEntries(fields.map(({ name, value, compute }) => [name, compute ? compute(data) : value]));
}

interface Place {
  path: string;
  faults: Fault[];
}

interface Field {
  name: string;
  value: Json;
  compute: Expression | undefined;
}

function compileField(name: string, value: Json, siblings: JsonObject, { path, faults }: Place): Field {
  const here = pointerTo(path, name);
  if (!name.endsWith(COMPUTED)) return { name, value, compute: compileNode(value, here, faults) };
  const plain = name.slice(0, -COMPUTED.length);
  if (Object.hasOwn(siblings, plain)) faults.push({ path: here, detail: `cannot be there together with ${plain}` });
  try {
    if (typeof value !== 'string') throw new SyntaxFault('must be a path or an intrinsic function');
    return { name: plain, value, compute: compileParameter(plain, value) };
  } catch (fault) {
    if (!(fault instanceof SyntaxFault)) throw fault;
    faults.push({ path: here, detail: fault.message });
    return { name: plain, value, compute: undefined };
  }
}

function compileParameter(name: string, source: string): Expression {
  if (!source.startsWith('$')) return compileValue(source);
  const path = Path.compile(source);
  return (data) => {
    const value = path.find(data);
    if (value !== undefined) return value;
    const cause = `The JSONPath '${source}' specified for the field '${name}${COMPUTED}' could not be found in the input`;
    throw new StateFault('States.ParameterPathFailure', cause);
  };
}
