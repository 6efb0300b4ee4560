import type { CallContract } from '#contracts';
import { Answers, type CallContext } from '#rpc';
import type { AnswersTo } from '#store';

type Calls = Record<string, CallContract>;

/**
 * What a controller extends to answer the calls that its store has answers to as they are: those of the participant
 * protocol by its `steps`, those of the feed by its `feed`, each by the method of the same name.
 */
export function AnswersByStore<Parts extends Record<string, Calls>>(
  parts: Parts,
): new (
  store: { [Part in keyof Parts]: AnswersTo<Parts[Part]> },
) => object {
  class StoreController {
    constructor(readonly answering: object) {}
  }
  for (const [part, calls] of Object.entries(parts)) {
    for (const [name, contract] of Object.entries(calls)) {
      const descriptor = {
        value(this: StoreController, request: unknown, context: CallContext) {
          const answers = Reflect.get(this.answering, part);
          // It has been checked against the contract of that call.
          return Reflect.get(answers, name).call(answers, request, context);
        },
      };
      Answers(contract)(StoreController.prototype, name, descriptor);
      Object.defineProperty(StoreController.prototype, name, descriptor);
    }
  }
  return StoreController;
}
