import Type, { type TSchema } from 'typebox';

/** The largest public id: what fits an unsigned 32-bit column of an index. */
export const MAX_ID = 4_294_967_295;
/** Ids that one query may name: 22 KB of ten-digit ids, well within a URL. */
export const MAX_IDS_PER_QUERY = 2_000;
/** Ids that one call between services may name: a reply of as many records is a few messages. */
export const MAX_IDS_PER_CALL = 2_000;
/** Rows of one upsert: one transaction of a few tens of milliseconds, so that reads in between stay quick. */
export const MAX_ROWS_PER_UPSERT = 500;
/** Rows of one answer; the rest is behind its `next` link. */
export const MAX_PAGE_SIZE = 10_000;
/** Venue ids that one search may carry: 65,536 of ten digits are 720 KB, within one message. */
export const MAX_VENUE_IDS_PER_FIND = 65_536;
/** Lists inside a record (genres, aliases, other systems' ids). */
const MAX_ITEMS_PER_RECORD_LIST = 64;

const HOUR_MS = 3_600_000;
/** The years 1 to 9999 of UTC, in milliseconds since the epoch. */
export const MIN_EPOCH_MS = -62_135_596_800_000;
export const MAX_EPOCH_MS = 253_402_300_799_999;

export const Id = Type.Integer({
  minimum: 1,
  maximum: MAX_ID,
  description: 'allocated by the owning service',
});
/** What a query may name: an id that cannot exist matches nothing and is no error. */
export const QueryId = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
});
/** No version may pass this: the composed version of a joined concert would no longer be exact in a double. */
export const MAX_VERSION = 2 ** 24;
export const Version = Type.Integer({
  minimum: 1,
  maximum: MAX_VERSION,
  description: 'raised by one by every visible change',
});
/** A concert's day must be of those years on every clock: midnight comes first at UTC+14 and last at UTC-12. */
export const EpochMs = Type.Integer({
  minimum: MIN_EPOCH_MS + 12 * HOUR_MS,
  maximum: MAX_EPOCH_MS - 14 * HOUR_MS,
  description: 'milliseconds since 1970-01-01T00:00:00Z',
});
/** Control characters, and halves of surrogate pairs, which no store keeps as they are. */
const UNPRINTABLE = '\\u0000-\\u001f\\u007f\\ud800-\\udfff';
/**
 * A name must hold something to see: at least one character that is no white space. The pattern says which is the first,
 * so that a text without any is refused in one pass.
 */
export const Name = Type.String({
  minLength: 1,
  maxLength: 300,
  pattern: `^[^\\S${UNPRINTABLE}]*[^\\s${UNPRINTABLE}][^${UNPRINTABLE}]*$`,
});
const ShortText = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: `^[^${UNPRINTABLE}]*$`,
});
export const Latitude = Type.Number({
  minimum: -90,
  maximum: 90,
  description: 'degrees north',
});
export const Longitude = Type.Number({
  minimum: -180,
  maximum: 180,
  description: 'degrees east',
});
const ExternalId = Type.Object(
  {
    system: Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: `^[^${UNPRINTABLE}]*$`,
      description: 'the other system, such as musicbrainz',
    }),
    id: Type.String({ minLength: 1, maxLength: 256, pattern: `^[^${UNPRINTABLE}]*$` }),
  },
  { additionalProperties: false },
);

export const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()], { default: null });
export const OptionalText = nullable(ShortText);
export const OptionalUrl = nullable(
  Type.String({
    maxLength: 2_048,
    pattern: `^https?://[^\\s${UNPRINTABLE}]+$`,
    description: 'an http or https address',
  }),
);
export const TextList = Type.Array(ShortText, {
  maxItems: MAX_ITEMS_PER_RECORD_LIST,
  default: [],
});
export const ExternalIds = Type.Array(ExternalId, {
  maxItems: MAX_ITEMS_PER_RECORD_LIST,
  default: [],
});
