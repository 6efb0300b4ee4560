import { setTimeout as sleep } from 'node:timers/promises';
import type { ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { serviceNames } from '#config';
import { bandSteps, type CallContract, concertSteps, eventSteps, schemaFaults, venueSteps } from '#contracts';
import { Fault, type FieldFault, toFault } from '#problem';
import type { RpcClient } from '#rpc';
import type { Json, JsonObject, TaskCall, TaskCaller } from '#saga';
import type { ServiceClients } from '#serve';
import { compiled } from './compiled.js';

/** Pauses between two tries of a call that a service did not take. */
const FIRST_PAUSE_MS = 200;
const LAST_PAUSE_MS = 2_000;

const steps = { bands: bandSteps, venues: venueSteps, events: eventSteps, concerts: concertSteps };

/**
 * Calls the services for the Tasks of state machines: the function `bands-hold` at the end of a resource's ARN is the
 * step `hold` of the bands.
 */
export function participantCaller(clients: ServiceClients): TaskCaller {
  const participants = new Map(
    serviceNames.flatMap((service) =>
      Object.values<CallContract>(steps[service]).map((contract): [string, Participant] => [
        contract.name.replace('.', '-'),
        new Participant(clients[service], contract),
      ]),
    ),
  );
  return async (task) => {
    try {
      const participant = participants.get(task.resource.replace(/^.*:function:/, ''));
      if (!participant) throw new Fault('Internal', `no service performs ${task.resource}`);
      const reply = await participant.answer(task);
      return isRepeat(reply) ? reply : { output: reply };
    } catch (error) {
      const { code, detail, fields } = toFault(error);
      return { error: code, cause: JSON.stringify({ detail, fields, state: task.state }) };
    }
  };
}

const isRepeat = (reply: Json): reply is { repeat: JsonObject } =>
  typeof reply === 'object' && reply !== null && 'repeat' in reply;

/** One step of one service. */
class Participant {
  readonly #client: RpcClient;
  readonly #contract: CallContract;
  readonly #request: () => ValidateFunction;
  readonly #reply: () => ValidateFunction<Json>;

  constructor(client: RpcClient, contract: CallContract) {
    this.#client = client;
    this.#contract = contract;
    this.#request = compiled(contract.request);
    this.#reply = compiled<TSchema, Json>(contract.reply);
  }

  /** @throws Fault */
  async answer(task: TaskCall): Promise<Json> {
    const request = { ...asObject(task.input), ...task.memo };
    const isRequest = this.#request();
    if (!isRequest(request)) {
      throw new Fault('ValidationError', `${task.state} asks for what cannot be`, { fields: fieldFaults(isRequest) });
    }
    const reply = await this.#callUntilTaken(request, task);
    const isReply = this.#reply();
    if (isReply(reply)) return reply;
    throw new Fault('Internal', `${this.#contract.name} was answered with what is no answer to it`);
  }

  /** A service that is away, or has no room, is asked again while there is time; the state machine's Retry goes on from there. */
  async #callUntilTaken(request: object, { executionId, deadline }: TaskCall): Promise<unknown> {
    const context = { deadline, requestId: executionId, traceId: executionId.replaceAll('-', '') };
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
      try {
        return await this.#client.call(this.#contract, request, context);
      } catch (error) {
        const isRefused = error instanceof Fault && (error.code === 'Unavailable' || error.code === 'Overloaded');
        if (!isRefused || Date.now() + pauseMs >= deadline) throw error;
      }
      await sleep(pauseMs);
    }
  }
}

const asObject = (input: Json): object => (typeof input === 'object' && input !== null ? input : {});

const fieldFaults = ({ errors }: ValidateFunction): FieldFault[] =>
  schemaFaults(errors).map(({ pointer, ...fault }) => ({ parameter: pointer, ...fault }));
