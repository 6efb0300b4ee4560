import type { CallContract } from '#contracts';
import { Answers, type CallContext } from '#rpc';
import type { Participant } from '#store';

/**
 * What a controller extends to answer the calls of the participant protocol: each by the step of the same name, which
 * the store that is given to its constructor knows.
 */
export function AnswersSteps<Calls extends Record<string, CallContract>>(
  calls: Calls,
): new (store: {
  steps: Participant<Calls>;
}) => object {
  class StepsController {
    readonly steps: object;

    constructor({ steps }: { steps: Participant<Calls> }) {
      this.steps = steps;
    }
  }
  for (const [name, contract] of Object.entries(calls)) {
    const descriptor = {
      value(this: StepsController, request: unknown, context: CallContext) {
        // It has been checked against the contract of that step.
        return Reflect.get(this.steps, name)(request, context);
      },
    };
    Answers(contract)(StepsController.prototype, name, descriptor);
    Object.defineProperty(StepsController.prototype, name, descriptor);
  }
  return StepsController;
}
