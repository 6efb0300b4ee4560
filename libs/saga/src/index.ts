export { type Definition, loadDefinition } from './asl/definition.js';
export { DefinitionFault, type Fault } from './asl/definition-fault.js';
export { advance, start } from './asl/interpret.js';
export type { Json, JsonObject } from './asl/json.js';
export type {
  Command,
  End,
  HistoryEvent,
  Outcome,
  Step,
  TaskCommand,
} from './asl/step.js';
export { Engine, type EngineObserver, type EngineParts } from './engine.js';
export type {
  Execution,
  Journal,
} from './journal.js';
export { openJournal } from './open-journal.js';
export { readStateMachines } from './simulator/read-state-machines.js';
export { Simulator } from './simulator/simulator.js';
export { isProtection, protections } from './simulator/without.js';
export type { TaskAnswer, TaskCall, TaskCaller } from './task.js';
