import type { TObject, TSchema } from 'typebox';
import type { ServiceName } from '#config';
import {
  BandRow,
  bandCalls,
  type CallContract,
  ConcertRow,
  concertCalls,
  EventRow,
  eventCalls,
  VenueRow,
  venueCalls,
} from '#contracts';

/** The four kinds of record in the order of their import: what a concert refers to comes before it. */
export const kindNames = ['bands', 'venues', 'events', 'concerts'] as const satisfies ServiceName[];
export type KindName = (typeof kindNames)[number];

type AnyCalls = typeof bandCalls | typeof venueCalls | typeof eventCalls | typeof concertCalls;

interface Kind {
  /** what a row of this kind must be */
  row: TObject;
  calls: Pick<AnyCalls, 'byIds' | 'count' | 'health'> & { upsert: CallContract<TSchema, typeof bandCalls.upsert.reply> };
  /** the fields that name a record of another kind */
  references: ReadonlyMap<string, KindName>;
}

const none: ReadonlyMap<string, KindName> = new Map();

export const kinds: Readonly<Record<KindName, Kind>> = {
  bands: { row: BandRow, calls: bandCalls, references: none },
  venues: { row: VenueRow, calls: venueCalls, references: none },
  events: { row: EventRow, calls: eventCalls, references: none },
  concerts: {
    row: ConcertRow,
    calls: concertCalls,
    references: new Map([
      ['bandId', 'bands'],
      ['venueId', 'venues'],
      ['eventId', 'events'],
    ]),
  },
};

export const isKindName = (name: string): name is KindName => kindNames.some((kind) => kind === name);
