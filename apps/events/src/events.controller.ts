import { Controller, Inject } from '@nestjs/common';
import { VERSION } from '#config';
import { eventCalls, eventFeed, eventSteps, type ListRequest, type RequestOf } from '#contracts';
import { Answers, type CallContext } from '#rpc';
import { AnswersByStore, STORE } from '#serve';
import type { EventStore } from '#store';

@Controller()
export class EventsController extends AnswersByStore({ steps: eventSteps, feed: eventFeed }) {
  constructor(@Inject(STORE) private readonly store: EventStore) {
    super(store);
  }

  @Answers(eventCalls.byIds)
  async byIds({ ids }: RequestOf<typeof eventCalls.byIds>, context: CallContext) {
    return { items: await this.store.byIds(ids, context) };
  }

  @Answers(eventCalls.list)
  async list(request: ListRequest, context: CallContext) {
    return { items: await this.store.list(request, context) };
  }

  @Answers(eventCalls.upsert)
  async upsert({ rows }: RequestOf<typeof eventCalls.upsert>, context: CallContext) {
    return { items: await this.store.upsert(rows, context) };
  }

  @Answers(eventCalls.count)
  async count(_: RequestOf<typeof eventCalls.count>, context: CallContext) {
    return { count: await this.store.count(context) };
  }

  @Answers(eventCalls.health)
  async health(_: RequestOf<typeof eventCalls.health>, context: CallContext) {
    await this.store.ping(context);
    return { service: 'events', version: VERSION, ...this.store.identity };
  }
}
