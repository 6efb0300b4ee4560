import { limitData } from './data-limit.js';
import { StateFault } from './failure.js';
import type { Json } from './json.js';
import { type Data, type Path, putIn } from './paths.js';
import type { State } from './states.js';

/** The data with `$` as InputPath makes it: what Parameters and the other paths of a state look at. */
export function inputData(state: State, raw: Data): Data {
  return { ...raw, input: select(state.inputPath, raw) };
}

/** What a state works on: its input after InputPath and Parameters. Throws a StateFault, as all of these do. */
export function effectiveInput(state: State, raw: Data): Json {
  const data = inputData(state, raw);
  return state.parameters ? limitData(state.parameters(data), `The state '${state.name}' has parameters`) : data.input;
}

/** What a state hands on: its result after ResultSelector, put into its raw input by ResultPath, after OutputPath. */
export function outputOf(state: State, raw: Data, result: Json): Json {
  const selected = state.resultSelector ? state.resultSelector({ ...raw, input: result }) : result;
  const output = state.resultPath ? putIn(raw.input, state.resultPath, selected) : raw.input;
  if (output !== raw.input) limitData(output, `The state '${state.name}' has an output`);
  return select(state.outputPath, { ...raw, input: output });
}

/** No Map of AWS could have more within the 25,000 events of an execution. */
const MAX_ITEMS = 10_000;

/** The items of a Map. */
export function itemsOf(path: Path, data: Data): Json[] {
  const items = path.read(data);
  if (Array.isArray(items) && items.length <= MAX_ITEMS) return items;
  throw new StateFault('States.Runtime', `The path '${path.source}' must lead to an array of at most ${MAX_ITEMS} items`);
}

/** A null path selects an empty object. */
function select(path: Path | null, data: Data): Json {
  return path ? path.read(data) : {};
}
