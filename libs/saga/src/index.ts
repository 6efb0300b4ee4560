export { type Definition, loadDefinition } from './asl/definition.js';
export { DefinitionFault, type Fault } from './asl/definition-fault.js';
export { advance, start } from './asl/interpret.js';
export type { Json, JsonObject } from './asl/json.js';
export type {
  Command,
  Cursor,
  End,
  ExecutionStart,
  HistoryEvent,
  Outcome,
  Step,
  TaskCommand,
  WaitCommand,
} from './asl/step.js';
export { Engine, type EngineObserver, type EngineParts, type StartRequest } from './engine.js';
export {
  type Execution,
  type ExecutionPage,
  type ExecutionStatus,
  executionStatuses,
  type IdempotencyKey,
  type Journal,
  type Transition,
} from './journal.js';
export { openJournal } from './open-journal.js';
export { readStateMachines } from './simulator/read-state-machines.js';
export type { SimulationResult } from './simulator/simulation.js';
export { Simulator } from './simulator/simulator.js';
export { isProtection, protections } from './simulator/without.js';
export type { TaskAnswer, TaskCall, TaskCaller } from './task.js';
