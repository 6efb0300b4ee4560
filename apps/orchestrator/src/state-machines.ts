import type { JsonObject } from '#saga';
import createBand from '../state-machines/create-band.json' with { type: 'json' };
import createConcert from '../state-machines/create-concert.json' with { type: 'json' };
import createEvent from '../state-machines/create-event.json' with { type: 'json' };
import createVenue from '../state-machines/create-venue.json' with { type: 'json' };
import deleteBand from '../state-machines/delete-band.json' with { type: 'json' };
import deleteConcert from '../state-machines/delete-concert.json' with { type: 'json' };
import deleteEvent from '../state-machines/delete-event.json' with { type: 'json' };
import deleteVenue from '../state-machines/delete-venue.json' with { type: 'json' };
import patchBand from '../state-machines/patch-band.json' with { type: 'json' };
import patchConcert from '../state-machines/patch-concert.json' with { type: 'json' };
import patchEvent from '../state-machines/patch-event.json' with { type: 'json' };
import patchVenue from '../state-machines/patch-venue.json' with { type: 'json' };
import replaceBand from '../state-machines/replace-band.json' with { type: 'json' };
import replaceConcert from '../state-machines/replace-concert.json' with { type: 'json' };
import replaceEvent from '../state-machines/replace-event.json' with { type: 'json' };
import replaceVenue from '../state-machines/replace-venue.json' with { type: 'json' };

const definitions: Record<string, object> = {
  'create-concert': createConcert,
  'replace-concert': replaceConcert,
  'patch-concert': patchConcert,
  'delete-concert': deleteConcert,
  'create-band': createBand,
  'replace-band': replaceBand,
  'patch-band': patchBand,
  'delete-band': deleteBand,
  'create-venue': createVenue,
  'replace-venue': replaceVenue,
  'patch-venue': patchVenue,
  'delete-venue': deleteVenue,
  'create-event': createEvent,
  'replace-event': replaceEvent,
  'patch-event': patchEvent,
  'delete-event': deleteEvent,
};

// To the compiler, a member that one state has and another one lacks may be undefined, which JSON cannot be.
const asJson = (definition: object): JsonObject => JSON.parse(JSON.stringify(definition));

/** The definitions in Amazon States Language, by the names of their files. */
export const stateMachines: ReadonlyMap<string, JsonObject> = new Map(
  Object.entries(definitions).map(([name, definition]) => [name, asJson(definition)]),
);
