import type { Json, JsonObject } from '#saga';

/**
 * A state machine as a Mermaid diagram (stateDiagram-v2): arrows for what follows, labelled where it is a choice or an error.
 */
export function stateDiagram(definition: JsonObject): string {
  return ['stateDiagram-v2', ...linesOf(definition, '  ')].join('\n').concat('\n');
}

function linesOf({ StartAt, States }: JsonObject, indent: string): string[] {
  const states = Object.entries(asObject(States));
  return [
    `${indent}[*] --> ${String(StartAt)}`,
    ...states.flatMap(([name, state]) => [...inner(name, asObject(state), indent), ...arrows(name, asObject(state), indent)]),
  ];
}

/** The states inside a state: branches stand side by side. */
function inner(name: string, { Branches, ItemProcessor, Iterator: iterator }: JsonObject, indent: string): string[] {
  const machines = Array.isArray(Branches) ? Branches : [ItemProcessor ?? iterator].filter((one) => one !== undefined);
  if (machines.length === 0) return [];
  const regions = machines.map((machine) => linesOf(asObject(machine), `${indent}  `));
  const lines = regions.flatMap((region, index) => (index === 0 ? region : [`${indent}  --`, ...region]));
  return [`${indent}state ${name} {`, ...lines, `${indent}}`];
}

function arrows(name: string, state: JsonObject, indent: string): string[] {
  const { Type, Next, End, Default } = state;
  const isLast = End === true || Type === 'Succeed' || Type === 'Fail';
  const targets: [target: Json | undefined, label: string][] = [
    [Next ?? (isLast ? '[*]' : undefined), ''],
    ...objectsIn(state.Choices).map((choice): [Json | undefined, string] => [choice.Next, condition(choice)]),
    [Default, 'otherwise'],
    ...objectsIn(state.Catch).map(({ Next: next, ErrorEquals }): [Json | undefined, string] => [next, errors(ErrorEquals)]),
  ];
  return targets.flatMap(([target, label]) =>
    target === undefined ? [] : [`${indent}${name} --> ${String(target)}${label && ` : ${label}`}`],
  );
}

/** A choice rule in words; a colon or a semicolon would end a label. */
const condition = (rule: JsonObject): string => sentence(rule).replaceAll(/[:;]/g, ' ');

function sentence({ And, Or, Not, Variable, Next: _next, Comment: _comment, ...test }: JsonObject): string {
  if (And !== undefined) return objectsIn(And).map(sentence).join(' and ');
  if (Or !== undefined) return objectsIn(Or).map(sentence).join(' or ');
  if (Not !== undefined) return `not ${sentence(asObject(Not))}`;
  const [[operator = '', value = null] = []] = Object.entries(test);
  return `${String(Variable)} ${operator} ${JSON.stringify(value)}`;
}

const errors = (names: Json | undefined): string => (Array.isArray(names) ? names.join(', ') : '');

const objectsIn = (list: Json | undefined): JsonObject[] => (Array.isArray(list) ? list.map(asObject) : []);

const asObject = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
