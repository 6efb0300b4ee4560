import { attemptOf, type Position, type Visit } from './cursor.js';
import type { Json } from './json.js';

/** An item of a Map, as its iteration sees it. */
export interface MapItem {
  index: number;
  value: Json;
}

/** The context object, `$$`, of a state. All times in it are RFC 3339. */
export function contextObject(start: Position['start'], visit: Visit, item: MapItem | undefined): Json {
  return {
    Execution: {
      Id: start.executionId,
      Name: start.executionId,
      Input: start.input,
      StartTime: new Date(start.at).toISOString(),
    },
    State: {
      Name: visit.state,
      EnteredTime: new Date(visit.enteredAt).toISOString(),
      RetryCount: attemptOf(visit) - 1,
    },
    StateMachine: { Id: start.stateMachine, Name: start.stateMachine },
    ...(item && { Map: { Item: { Index: item.index, Value: item.value } } }),
  };
}
