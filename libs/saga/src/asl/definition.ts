import { readTest } from './choice.js';
import { DefinitionFault, type Fault } from './definition-fault.js';
import { Fields } from './fields.js';
import { checkGraph, type Node, nodeOf, type Scope, type Target } from './graph.js';
import { isObject, type Json, type JsonObject } from './json.js';
import { type Expression, ROOT } from './paths.js';
import { readErrors, readRetriers } from './retry.js';
import type { Catcher, State, StateBase } from './states.js';
import { LONGEST_SECONDS, readTimeout, readUntil } from './time-fields.js';

/** A state machine that has been validated, with its paths compiled. `loadDefinition` makes it. */
export interface Definition {
  readonly startAt: string;
  /** All states by name, those inside of Parallel and Map states included: a name is used once in a machine. */
  readonly states: ReadonlyMap<string, State>;
}

/** What AWS allows to a definition: 1 MiB. */
const MAX_DEFINITION_BYTES = 1_048_576;
/** Some twenty Parallel states inside of one another. It lets whatever walks through a definition do so by recursion. */
const MAX_DEFINITION_DEPTH = 100;
/** More than a person can oversee; it bounds the time that the checks of the graph take. */
const MAX_STATES = 1_000;
/** What AWS allows to the name of a state. */
const MAX_NAME_LENGTH = 80;

/**
 * Validates a state machine in Amazon States Language and compiles it. Throws a DefinitionFault with all that is wrong with
 * it, and nothing else.
 */
export function loadDefinition(source: unknown): Definition {
  const faults: Fault[] = [];
  const machine = new Fields(plainObject(source), '', faults);
  machine.option('Version', ['1.0']);
  machine.option('QueryLanguage', ['JSONPath']);
  const known: Known = { names: new Set(), states: new Map() };
  const scope = readScope(machine, known);
  machine.end();
  if (known.names.size > MAX_STATES) machine.fault('States', `has more than ${MAX_STATES} states`);
  else checkGraph(scope, faults);
  if (faults.length > 0) throw new DefinitionFault(faults);
  return { startAt: scope.startAt, states: known.states };
}

/** A copy that is JSON and nothing but, whatever the value may do when it is looked at. */
function plainObject(source: unknown): JsonObject {
  const text = jsonText(source);
  if (Buffer.byteLength(text) > MAX_DEFINITION_BYTES) throw refusal(`is larger than ${MAX_DEFINITION_BYTES} bytes`);
  const value: Json = JSON.parse(text);
  if (!isObject(value)) throw refusal('must be an object');
  if (isDeeper(value, MAX_DEFINITION_DEPTH)) throw refusal(`is nested deeper than ${MAX_DEFINITION_DEPTH} levels`);
  return value;
}

function jsonText(source: unknown): string {
  try {
    return JSON.stringify(source) ?? 'null';
  } catch (cause) {
    throw refusal(`is not JSON: ${cause instanceof Error ? cause.message : 'it cannot be read'}`);
  }
}

function isDeeper(value: Json, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeper(member, depth - 1));
}

function refusal(detail: string): DefinitionFault {
  return new DefinitionFault([{ path: '', detail }]);
}

/** What has been read of the whole machine. */
interface Known {
  names: Set<string>;
  states: Map<string, State>;
}

/** What is gathered while one state is read. */
interface Reading {
  base: StateBase;
  targets: Target[];
  inner: Scope[];
  known: Known;
}

/** The states of the machine, of a branch or of a Map. */
function readScope(fields: Fields, known: Known): Scope {
  const nodes = new Map<string, Node>();
  const startAt = fields.text('StartAt');
  const members = fields.object('States');
  if (members?.names.length === 0) fields.fault('States', 'must have at least one state');
  for (const name of members?.names ?? []) {
    if (name === '' || name.length > MAX_NAME_LENGTH)
      members?.fault(name, `must have a name of 1 to ${MAX_NAME_LENGTH} characters`);
    if (known.names.has(name)) members?.fault(name, 'has the name of another state of the machine');
    known.names.add(name);
    const source = members?.object(name);
    if (source) nodes.set(name, readState(name, source, known));
  }
  return { path: fields.path, startAt, nodes };
}

function readState(name: string, fields: Fields, known: Known): Node {
  const base = { name, inputPath: ROOT, resultPath: [], outputPath: ROOT, retry: [], catch: [], next: null };
  const reading: Reading = { base, targets: [], inner: [], known };
  fields.option('QueryLanguage', ['JSONPath']);
  const type = fields.text('Type') && fields.option('Type', TYPES);
  const state = type ? READERS[type](fields, reading) : undefined;
  if (state) {
    fields.end();
    known.states.set(name, state);
  }
  return nodeOf({ path: fields.path, state, targets: reading.targets, inner: reading.inner });
}

type StateType = State['type'];

const TYPES: readonly StateType[] = ['Pass', 'Task', 'Choice', 'Wait', 'Parallel', 'Map', 'Succeed', 'Fail'];

const READERS: { [Type in StateType]: (fields: Fields, reading: Reading) => State } = {
  Pass: (fields, reading) => ({
    type: 'Pass',
    ...readFlow(fields, reading),
    parameters: fields.template('Parameters'),
    result: fields.value('Result'),
    resultPath: fields.place('ResultPath'),
  }),
  Task: (fields, reading) => ({
    type: 'Task',
    ...readWork(fields, reading),
    parameters: fields.template('Parameters'),
    resource: fields.text('Resource'),
    timeoutMs: readTimeout(fields),
  }),
  Choice: (fields, reading) => ({
    type: 'Choice',
    ...reading.base,
    ...readSelections(fields),
    rules: fields.someObjects('Choices').map((rule) => {
      const next = readTarget(rule, 'Next', reading);
      const test = readTest(rule);
      rule.end();
      return { test, next };
    }),
    default: fields.has('Default') ? readTarget(fields, 'Default', reading) : undefined,
  }),
  Wait: (fields, reading) => ({ type: 'Wait', ...readFlow(fields, reading), until: readUntil(fields) }),
  Parallel: (fields, reading) => ({
    type: 'Parallel',
    ...readWork(fields, reading),
    parameters: fields.template('Parameters'),
    branches: fields.someObjects('Branches').map((branch) => readInner(branch, reading)),
  }),
  Map: (fields, reading) => ({
    type: 'Map',
    ...readWork(fields, reading),
    startAt: readProcessor(fields, reading),
    itemsPath: fields.reference('ItemsPath') ?? ROOT,
    itemSelector: fields.template(fields.oneOf(['ItemSelector', 'Parameters'], true) ?? 'ItemSelector'),
    maxConcurrency: fields.integer('MaxConcurrency', { min: 0, max: LONGEST_SECONDS }) ?? 0,
  }),
  Succeed: (fields, reading) => ({ type: 'Succeed', ...reading.base, ...readSelections(fields) }),
  Fail: (fields, reading) => ({
    type: 'Fail',
    ...reading.base,
    error: readFailText(fields, 'Error'),
    cause: readFailText(fields, 'Cause'),
  }),
};

function readSelections(fields: Fields): Pick<StateBase, 'inputPath' | 'outputPath'> {
  return { inputPath: fields.selection('InputPath'), outputPath: fields.selection('OutputPath') };
}

/** What every state has that another one can follow. */
function readFlow(fields: Fields, reading: Reading): StateBase {
  const isEnd = fields.oneOf(['Next', 'End']) === 'End';
  if (isEnd) fields.option('End', [true]);
  return {
    ...reading.base,
    ...readSelections(fields),
    next: fields.has('Next') ? readTarget(fields, 'Next', reading) : null,
  };
}

/** What every state has that does work which can fail. */
function readWork(fields: Fields, reading: Reading): StateBase {
  return {
    ...readFlow(fields, reading),
    resultSelector: fields.template('ResultSelector'),
    resultPath: fields.place('ResultPath'),
    retry: readRetriers(fields),
    catch: readCatchers(fields, reading),
  };
}

function readCatchers(fields: Fields, reading: Reading): Catcher[] {
  const list = fields.objects('Catch');
  return list.map((catcher, index) => {
    const errors = readErrors(catcher, index === list.length - 1);
    const next = readTarget(catcher, 'Next', reading);
    const resultPath = catcher.place('ResultPath');
    catcher.end();
    return { errors, next, resultPath };
  });
}

function readTarget(fields: Fields, name: string, { targets }: Reading): string {
  const state = fields.text(name);
  if (state !== '') targets.push({ state, path: fields.pointer(name) });
  return state;
}

/** Gives where it starts. */
function readInner(fields: Fields, { inner, known }: Reading): string {
  const scope = readScope(fields, known);
  inner.push(scope);
  fields.end();
  return scope.startAt;
}

function readProcessor(fields: Fields, reading: Reading): string {
  const name = fields.oneOf(['ItemProcessor', 'Iterator']);
  const processor = name && fields.object(name);
  if (!processor) return '';
  if (name === 'ItemProcessor' && processor.has('ProcessorConfig')) {
    const config = processor.object('ProcessorConfig');
    config?.option('Mode', ['INLINE']);
    config?.end();
  }
  return readInner(processor, reading);
}

/** An Error or a Cause: written out, by a path, or left out. */
function readFailText(fields: Fields, name: 'Error' | 'Cause'): Expression {
  const isPath = fields.oneOf([name, `${name}Path`], true) === `${name}Path`;
  const text = fields.optionalText(name) ?? '';
  const computed = fields.expression(`${name}Path`);
  return isPath && computed ? computed : () => text;
}
