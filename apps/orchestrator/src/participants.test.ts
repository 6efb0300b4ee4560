import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Controller, type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Type } from 'typebox';
import { bandSteps, defineCall } from '#contracts';
import { Fault } from '#problem';
import { Answers, type CallContext, RpcClient, RpcServer } from '#rpc';
import type { Json, TaskCall, TaskCaller } from '#saga';
import { participantCaller } from './participants.js';
import { stateMachines } from './state-machines.js';

const EXECUTION = '01890a5d-ac96-774b-bcce-b302099a8057';
const HELD = { id: 7, version: 1, created: true, held: true };
const BAND = { name: 'The Paper Lanterns' };

/** The same call, of a service that may answer with anything. */
const hold = defineCall(bandSteps.hold.name, bandSteps.hold.request, Type.Unknown());

/** What the service answers, one after the other; the last again and again. */
let answers: (() => unknown)[] = [];
let requests: { request: unknown; context: CallContext }[] = [];

@Controller()
class BandsController {
  @Answers(hold)
  async hold(request: unknown, context: CallContext): Promise<unknown> {
    requests.push({ request, context });
    const [answer] = answers.length > 1 ? answers.splice(0, 1) : answers;
    return answer?.();
  }
}

@Module({ controllers: [BandsController] })
class BandsModule {}

describe('the caller of the participants', () => {
  let app: INestMicroservice;
  let client: RpcClient;
  let call: TaskCaller;
  beforeAll(async () => {
    const server = new RpcServer({ host: '127.0.0.1', port: 0 });
    app = await NestFactory.createMicroservice(BandsModule, { strategy: server, logger: false });
    await app.listen();
    client = new RpcClient({ service: 'bands', host: '127.0.0.1', port: server.address().port });
    call = participantCaller({ bands: client, venues: client, events: client, concerts: client });
  });
  afterAll(async () => {
    client.close();
    await app.close();
  });
  beforeEach(() => {
    requests = [];
  });

  const task = (more: Partial<TaskCall> = {}): TaskCall => ({
    resource: 'arn:aws:lambda:us-east-1:000000000000:function:bands-hold',
    input: { stepKey: `${EXECUTION}/band`, part: { row: BAND } },
    memo: {},
    executionId: EXECUTION,
    state: 'HoldBand',
    attempt: 1,
    deadline: Date.now() + 5_000,
    ...more,
  });
  const failure = (error: string, cause: object) => ({
    error,
    cause: expect.any(String),
    parsed: expect.objectContaining(cause),
  });
  const parsed = async (answer: ReturnType<TaskCaller>): Promise<object> => {
    const done = await answer;
    return 'error' in done ? { ...done, parsed: JSON.parse(done.cause) } : done;
  };

  test('answers what the service answers', async () => {
    answers = [() => HELD];
    expect(await call(task())).toEqual({ output: HELD });
    expect(requests).toEqual([
      {
        request: task().input,
        context: expect.objectContaining({ requestId: EXECUTION, traceId: EXECUTION.replaceAll('-', '') }),
      },
    ]);
  });

  test('hands on what the service wants to be told again, and tells it', async () => {
    answers = [() => ({ repeat: { generation: 3 } })];
    expect(await call(task())).toEqual({ repeat: { generation: 3 } });
    answers = [() => HELD];
    await call(task({ memo: { generation: 3 } }));
    expect(requests.at(-1)?.request).toMatchObject({ generation: 3, part: { row: BAND } });
  });

  test('names the code of a fault, with its detail, its fields and the state', async () => {
    const fields = [{ parameter: '/part/row/name', code: 'taken', detail: 'is taken' }];
    answers = [
      () => {
        throw new Fault('Conflict', 'it exists already', { fields });
      },
    ];
    const expected = { detail: 'it exists already', fields, state: 'HoldBand' };
    expect(await parsed(call(task()))).toEqual(failure('Conflict', expected));
    expect(requests).toHaveLength(1);
  });

  test.each(['Unavailable', 'Overloaded'] as const)('asks a service that is %s again, while the task has time', async (code) => {
    const refuse = () => {
      throw new Fault(code, 'not now');
    };
    answers = [refuse, refuse, () => HELD];
    expect(await call(task())).toEqual({ output: HELD });
    expect(requests).toHaveLength(3);
    answers = [refuse];
    expect(await parsed(call(task({ deadline: Date.now() + 500 })))).toEqual(failure(code, { detail: 'not now' }));
  });

  test('gives a service that is late, or never answers, until the deadline of the task', async () => {
    answers = [() => sleep(1_000, HELD)];
    const startedAt = Date.now();
    expect(await parsed(call(task({ deadline: startedAt + 300 })))).toMatchObject({ error: 'Timeout' });
    answers = [() => sleep(200, HELD)];
    expect(await call(task())).toEqual({ output: HELD });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'held'],
    ['a list', [HELD]],
    ['a part of it', { id: 7 }],
    ['another type', { ...HELD, id: '7' }],
    ['something beside it', { ...HELD, colour: 'red' }],
    ['a repeat of nothing', { repeat: { generation: -1 } }],
  ])('takes %s for a fault of the service', async (_, garbage) => {
    answers = [() => garbage];
    expect(await parsed(call(task()))).toMatchObject({ error: 'Internal', parsed: { state: 'HoldBand' } });
  });

  test.each<[string, Json]>([
    ['no step key', { part: { row: BAND } }],
    ['a value that is none', { stepKey: `${EXECUTION}/band`, part: { row: { name: '' } } }],
    ['a text', 'x'],
  ])('sends nothing that the contract does not know: %s', async (_, input) => {
    expect(await parsed(call(task({ input })))).toMatchObject({
      error: 'ValidationError',
      parsed: { fields: expect.arrayContaining([expect.objectContaining({ parameter: expect.any(String) })]) },
    });
    expect(requests).toEqual([]);
  });

  test('knows every function that a state machine names, and no other', async () => {
    const text = JSON.stringify([...stateMachines.values()]);
    const resources = new Set([...text.matchAll(/"Resource":"([^"]+)"/g)].map(([, resource = '']) => resource));
    expect(resources.size).toBeGreaterThan(30);
    for (const resource of resources) {
      // What no contract knows is refused before it is sent, so that only the name is looked at.
      expect(await call(task({ resource, input: { nothing: true } }))).toMatchObject({ error: 'ValidationError' });
    }
    expect(await call(task({ resource: 'arn:aws:lambda:us-east-1:000000000000:function:bands-praise' }))).toMatchObject({
      error: 'Internal',
    });
  });
});
