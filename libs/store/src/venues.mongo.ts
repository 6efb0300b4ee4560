import type { Filter } from 'mongodb';
import { type Area, type Circle, type DistanceKey, folded, type Venue, type VenueValue, type venueSteps } from '#contracts';
import type { MongoDatabase, MongoMigrations } from '#database';
import { type Box, EARTH_RADIUS_KM } from '#geo';
import { deletedIndex, type MongoKind, purgeIndex, type RecordDocument } from './entities.mongo.js';
import { venueKind } from './kinds.js';
import type { VenueStore, Within } from './port.js';
import { MongoNamedRecords } from './records.mongo.js';
import { areaTest, idPage, nearestPage, type Placed, unwrapped } from './venue-pages.js';

// The sides of a GeoJSON polygon are great circles, so boxes of latitude and longitude have a flat index beside the
// spherical one. Its range is open at its upper end, and 180 is a longitude.
export const venueMigrations: MongoMigrations = [
  [
    { collection: 'venues', name: 'key', key: { key: 1, twin: 1 }, options: { unique: true } },
    { collection: 'venues', name: 'name', key: { folded: 1, _id: 1 } },
    { collection: 'venues', name: 'position', key: { position: '2dsphere' } },
    { collection: 'venues', name: 'flat', key: { 'position.coordinates': '2d' }, options: { min: -181, max: 181 } },
  ],
  [deletedIndex('venues')],
  [purgeIndex('venues')],
];

/** The index may take in a metre more than the circle: its own arithmetic differs a little, and `areaTest` decides. */
const INDEX_MARGIN_KM = 0.001;
/** The same for boxes, for an index that holds 26 bits of each coordinate: 5e-6 degrees. */
const INDEX_MARGIN_DEGREES = 1e-5;
/** Of larger circles, half the earth and more, the index would have to look into nearly every cell. */
const MAX_INDEXED_RADIUS_KM = 10_000;

const mongoVenues: MongoKind<Venue, VenueValue> = {
  ...venueKind,
  indexed: ({ name, latitude, longitude }) => ({
    folded: folded(name),
    position: { type: 'Point', coordinates: [longitude, latitude] },
  }),
};

export function mongoVenueStore(db: MongoDatabase, tombstoneRetentionMs: number): VenueStore {
  return new MongoVenues(db, mongoVenues, tombstoneRetentionMs);
}

class MongoVenues extends MongoNamedRecords<Venue, VenueValue, typeof venueSteps> implements VenueStore {
  async idsWithin(request: { area: Area; afterId?: number; limit: number }, within: Within) {
    const { placed, entriesRead } = await this.placedWithin(request.area, within);
    return { items: idPage(placed, request), entriesRead };
  }

  async near(request: { circle: Circle; name?: string; after?: DistanceKey; limit: number }, within: Within) {
    const { placed } = await this.placedWithin({ circle: request.circle }, within);
    return nearestPage(placed, request, (ids) => this.byIds(ids, within));
  }

  private async placedWithin(area: Area, { deadline }: Within): Promise<{ placed: Placed[]; entriesRead: number }> {
    const found = await this.db.read(deadline, (options) =>
      Promise.all(
        venueFilters(area).map((filter) =>
          this.documents
            .find<Placed>(filter, { ...options, projection: { _id: 0, id: '$_id', latitude: 1, longitude: 1 } })
            .toArray(),
        ),
      ),
    );
    const candidates = new Map(found.flat().map((one) => [one.id, one]));
    return { placed: [...candidates.values()].filter(areaTest(area)), entriesRead: found.flat().length };
  }
}

/** What the indexes are asked for an area: at least all that is in it, in one query or more. */
function venueFilters(area: Area): Filter<RecordDocument>[] {
  if ('box' in area)
    return unwrapped(area.box).map((box) => ({ 'position.coordinates': { $geoWithin: { $box: cornersOf(box) } } }));
  const { latitude, longitude, radiusKm } = area.circle;
  if (radiusKm > MAX_INDEXED_RADIUS_KM) return [{ deleted: { $exists: false } }];
  const radians = (radiusKm + INDEX_MARGIN_KM) / EARTH_RADIUS_KM;
  return [{ position: { $geoWithin: { $centerSphere: [[longitude, latitude], radians] } } }];
}

const cornersOf = ({ west, south, east, north }: Box) => [
  [west - INDEX_MARGIN_DEGREES, south - INDEX_MARGIN_DEGREES],
  [east + INDEX_MARGIN_DEGREES, north + INDEX_MARGIN_DEGREES],
];
