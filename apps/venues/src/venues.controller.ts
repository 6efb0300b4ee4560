import { Controller, Inject } from '@nestjs/common';
import { VERSION } from '#config';
import { type ListRequest, type RequestOf, venueCalls, venueFeed, venueSteps } from '#contracts';
import { Answers, type CallContext } from '#rpc';
import { AnswersByStore, STORE } from '#serve';
import type { VenueStore } from '#store';

@Controller()
export class VenuesController extends AnswersByStore({ steps: venueSteps, feed: venueFeed }) {
  constructor(@Inject(STORE) private readonly store: VenueStore) {
    super(store);
  }

  @Answers(venueCalls.byIds)
  async byIds({ ids }: RequestOf<typeof venueCalls.byIds>, context: CallContext) {
    return { items: await this.store.byIds(ids, context) };
  }

  @Answers(venueCalls.list)
  async list(request: ListRequest, context: CallContext) {
    return { items: await this.store.list(request, context) };
  }

  @Answers(venueCalls.idsWithin)
  idsWithin(request: RequestOf<typeof venueCalls.idsWithin>, context: CallContext) {
    return this.store.idsWithin(request, context);
  }

  @Answers(venueCalls.near)
  async near(request: RequestOf<typeof venueCalls.near>, context: CallContext) {
    return { items: await this.store.near(request, context) };
  }

  @Answers(venueCalls.upsert)
  async upsert({ rows }: RequestOf<typeof venueCalls.upsert>, context: CallContext) {
    return { items: await this.store.upsert(rows, context) };
  }

  @Answers(venueCalls.count)
  async count(_: RequestOf<typeof venueCalls.count>, context: CallContext) {
    return { count: await this.store.count(context) };
  }

  @Answers(venueCalls.health)
  async health(_: RequestOf<typeof venueCalls.health>, context: CallContext) {
    await this.store.ping(context);
    return { service: 'venues', version: VERSION, ...this.store.identity };
  }
}
