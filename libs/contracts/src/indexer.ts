import Type, { type Static } from 'typebox';
import { ServicesHealth } from './http.js';
import { Id } from './scalars.js';

const Count = Type.Integer({ minimum: 0 });

/** How the indexer is. It answers no queries, so it is ready as soon as it does its part: leads the index, or stands by. */
export const IndexerReadiness = Type.Object({
  status: Type.Enum(['ready', 'unavailable', 'draining'], { type: 'string' }),
  version: Type.String(),
  state: Type.Enum(['starting', 'standing by', 'filling', 'following'], { type: 'string' }),
  elasticsearch: Type.Object({
    up: Type.Boolean(),
    detail: Type.Optional(Type.String({ description: 'why it is not up' })),
  }),
  index: Type.Optional(
    Type.Object({
      name: Type.String(),
      filled: Type.Optional({ ...Count, description: 'concerts that were brought in, while all are' }),
      changesBehind: { ...Count, description: 'changes that were read, and are not findable yet' },
      ageMs: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
        description: 'how old what searches find may be; null while that is not known',
      }),
      fanOutJobs: { ...Count, description: 'bands, venues and events whose concerts are composed anew' },
      putAside: Type.Object(
        { count: Count, ids: Type.Array(Id) },
        { description: 'concerts that the index does not take, until they change, and their ids' },
      ),
    }),
  ),
  services: ServicesHealth,
});

export type IndexerReadiness = Static<typeof IndexerReadiness>;
