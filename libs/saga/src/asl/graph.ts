import type { Fault } from './definition-fault.js';
import { ALL_ERRORS } from './retry.js';
import type { State } from './states.js';

/** A StartAt with its States: a machine, a branch of a Parallel, the processor of a Map. */
export interface Scope {
  path: string;
  startAt: string;
  nodes: ReadonlyMap<string, Node>;
}

/** A state among those that it leads to. */
export interface Node {
  path: string;
  /** Undefined for a state that could not be read. */
  state: State | undefined;
  targets: readonly Target[];
  inner: readonly Scope[];
  /** Whether it cannot be passed without something being waited for. */
  pauses: boolean;
}

/** A field with the name of a state to go on with. */
export interface Target {
  state: string;
  path: string;
}

export function nodeOf(node: Omit<Node, 'pauses'>): Node {
  return { ...node, pauses: pauses(node) };
}

/** Adds what is wrong with the way that states lead to one another. */
export function checkGraph(scope: Scope, faults: Fault[]): void {
  checkTargets(scope, faults);
  checkReach(scope, faults);
  checkEnds(scope, faults);
  checkCycles(scope, faults);
  for (const node of scope.nodes.values()) {
    checkUndo(scope, node, faults);
    for (const inner of node.inner) checkGraph(inner, faults);
  }
}

function checkTargets({ nodes, path, startAt }: Scope, faults: Fault[]): void {
  const targets = [...nodes.values()].flatMap((node) => node.targets);
  if (startAt !== '') targets.push({ state: startAt, path: `${path}/StartAt` });
  for (const target of targets) {
    if (!nodes.has(target.state)) faults.push({ path: target.path, detail: `names no state beside it: ${target.state}` });
  }
}

function checkReach(scope: Scope, faults: Fault[]): void {
  const start = scope.nodes.get(scope.startAt);
  if (!start) return;
  const reached = reach([start], (node) => following(scope, node));
  for (const node of scope.nodes.values()) {
    if (!reached.has(node)) faults.push({ path: node.path, detail: 'cannot be reached from StartAt' });
  }
}

function checkEnds(scope: Scope, faults: Fault[]): void {
  const preceding = new Map([...scope.nodes.values()].map((node): [Node, Node[]] => [node, []]));
  for (const node of scope.nodes.values()) {
    for (const next of following(scope, node)) preceding.get(next)?.push(node);
  }
  const ending = reach(
    [...scope.nodes.values()].filter((node) => isEnd(scope, node)),
    (node) => preceding.get(node) ?? [],
  );
  for (const node of scope.nodes.values()) {
    if (!ending.has(node)) faults.push({ path: node.path, detail: 'never comes to an end' });
  }
}

/** A cycle without a Task or a Wait would run for ever at once. */
function checkCycles(scope: Scope, faults: Fault[]): void {
  const hurrying = (node: Node) => following(scope, node).filter((next) => !next.pauses);
  for (const node of scope.nodes.values()) {
    if (!node.pauses && reach(hurrying(node), hurrying).has(node)) {
      faults.push({ path: node.path, detail: 'is in a cycle without a Task or a Wait' });
    }
  }
}

/** Every create is undone when anything fails, itself included: it may have happened although its answer says otherwise. */
function checkUndo(scope: Scope, { path, state }: Node, faults: Fault[]): void {
  if (state?.type !== 'Task') return;
  const service = /^(?<service>.+)-(?:hold|create)$/s.exec(state.resource)?.groups?.['service'];
  if (service === undefined) return;
  const next = state.catch.find(({ errors }) => errors.includes(ALL_ERRORS))?.next;
  const caught = scope.nodes.get(next ?? '');
  const undo = `${service}-undo`;
  if (!caught || ![...reach([caught], (node) => following(scope, node))].some((node) => calls(node, undo))) {
    faults.push({
      path: `${path}/Catch`,
      detail: `must take ${ALL_ERRORS} to a state from which a Task with ${undo} can be reached`,
    });
  }
}

function calls({ state, inner }: Node, resource: string): boolean {
  if (state?.type === 'Task') return state.resource === resource;
  return inner.some(({ nodes }) => [...nodes.values()].some((node) => calls(node, resource)));
}

/** A Map may have no items, a Parallel always has its branches. */
function pauses({ state, inner }: Omit<Node, 'pauses'>): boolean {
  if (state?.type === 'Task' || state?.type === 'Wait') return true;
  return state?.type === 'Parallel' && inner.some((branch) => !canHurryThrough(branch));
}

function canHurryThrough(scope: Scope): boolean {
  const hurrying = (nodes: Node[]) => nodes.filter((node) => !node.pauses);
  const start = scope.nodes.get(scope.startAt);
  const reached = reach(hurrying(start ? [start] : []), (node) => hurrying(following(scope, node)));
  return [...reached].some((node) => isEnd(scope, node));
}

/** Where a state leads nowhere because of another fault, that fault is enough. */
function isEnd({ nodes }: Scope, { state, targets }: Node): boolean {
  if (!state || targets.some((target) => !nodes.has(target.state))) return true;
  return state.type !== 'Choice' && state.next === null;
}

function following({ nodes }: Scope, { targets }: Node): Node[] {
  return targets.flatMap((target) => nodes.get(target.state) ?? []);
}

/** All that can be got to, those that it starts with included. */
function reach(from: Node[], next: (node: Node) => Node[]): Set<Node> {
  const reached = new Set(from);
  for (const node of reached) {
    for (const following of next(node)) reached.add(following);
  }
  return reached;
}
