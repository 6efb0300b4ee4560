import { Controller, Inject } from '@nestjs/common';
import { VERSION } from '#config';
import { concertCalls, concertFeed, concertSteps, type FindConcerts, type RequestOf } from '#contracts';
import { Answers, type CallContext } from '#rpc';
import { AnswersByStore, STORE } from '#serve';
import type { ConcertStore } from '#store';

const { countOf, deleteOf, ...steps } = concertSteps;

@Controller()
export class ConcertsController extends AnswersByStore({ steps, feed: concertFeed }) {
  constructor(@Inject(STORE) private readonly store: ConcertStore) {
    super(store);
  }

  @Answers(concertCalls.byIds)
  async byIds({ ids }: RequestOf<typeof concertCalls.byIds>, context: CallContext) {
    return { items: await this.store.byIds(ids, context) };
  }

  @Answers(concertCalls.find)
  find(request: FindConcerts, context: CallContext) {
    return this.store.find(request, context);
  }

  @Answers(countOf)
  countOf(request: RequestOf<typeof countOf>, context: CallContext) {
    return this.store.countOf(request, context);
  }

  @Answers(deleteOf)
  deleteOf(request: RequestOf<typeof deleteOf>, context: CallContext) {
    return this.store.deleteOf(request, context);
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
