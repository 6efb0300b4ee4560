import { Controller, Inject } from '@nestjs/common';
import { VERSION } from '#config';
import { concertCalls, type FindConcerts, type RequestOf } from '#contracts';
import { Answers, type CallContext } from '#rpc';
import { STORE } from '#serve';
import type { ConcertStore } from '#store';

@Controller()
export class ConcertsController {
  constructor(@Inject(STORE) private readonly store: ConcertStore) {}

  @Answers(concertCalls.byIds)
  async byIds({ ids }: RequestOf<typeof concertCalls.byIds>, context: CallContext) {
    return { items: await this.store.byIds(ids, context) };
  }

  @Answers(concertCalls.find)
  find(request: FindConcerts, context: CallContext) {
    return this.store.find(request, context);
  }

  @Answers(concertCalls.upsert)
  async upsert({ rows }: RequestOf<typeof concertCalls.upsert>, context: CallContext) {
    return { items: await this.store.upsert(rows, context) };
  }

  @Answers(concertCalls.count)
  async count(_: RequestOf<typeof concertCalls.count>, context: CallContext) {
    return { count: await this.store.count(context) };
  }

  @Answers(concertCalls.health)
  async health(_: RequestOf<typeof concertCalls.health>, context: CallContext) {
    await this.store.ping(context);
    return { service: 'concerts', version: VERSION, ...this.store.identity };
  }
}
