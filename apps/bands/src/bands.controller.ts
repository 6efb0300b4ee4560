import { Controller, Inject } from '@nestjs/common';
import { VERSION } from '#config';
import { bandCalls, bandFeed, bandSteps, type ListRequest, type RequestOf } from '#contracts';
import { Answers, type CallContext } from '#rpc';
import { AnswersByStore, STORE } from '#serve';
import type { BandStore } from '#store';

@Controller()
export class BandsController extends AnswersByStore({ steps: bandSteps, feed: bandFeed }) {
  constructor(@Inject(STORE) private readonly store: BandStore) {
    super(store);
  }

  @Answers(bandCalls.byIds)
  async byIds({ ids }: RequestOf<typeof bandCalls.byIds>, context: CallContext) {
    return { items: await this.store.byIds(ids, context) };
  }

  @Answers(bandCalls.list)
  async list(request: ListRequest, context: CallContext) {
    return { items: await this.store.list(request, context) };
  }

  @Answers(bandCalls.upsert)
  async upsert({ rows }: RequestOf<typeof bandCalls.upsert>, context: CallContext) {
    return { items: await this.store.upsert(rows, context) };
  }

  @Answers(bandCalls.count)
  async count(_: RequestOf<typeof bandCalls.count>, context: CallContext) {
    return { count: await this.store.count(context) };
  }

  @Answers(bandCalls.health)
  async health(_: RequestOf<typeof bandCalls.health>, context: CallContext) {
    await this.store.ping(context);
    return { service: 'bands', version: VERSION, ...this.store.identity };
  }
}
