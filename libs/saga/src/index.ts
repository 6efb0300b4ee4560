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
