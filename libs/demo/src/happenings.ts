import { ImpossibleWorld } from './impossible-world.js';
import { type DemoConcert, type DemoEvent, type Plan, planBill, planFestival, planShow, planTour } from './plans.js';
import type { Scene } from './scene.js';

/** Concerts that belong together, with the event that groups them; a band that plays alone has none. */
export interface Happening {
  event: DemoEvent | null;
  concerts: DemoConcert[];
}

/** Chances of the kinds; the rest are shows of one band. By concerts a third are shows, a third bills, a fifth tours. */
const FESTIVAL_CHANCE = 0.006;
const TOUR_CHANCE = 0.03;
const BILL_CHANCE = 0.22;

/** Plans in a row that find their evenings taken, before the venues count as full. */
const MAX_FAILURES = 10_000;

/**
 * So many concerts, by what they belong to. Ids ascend; dates do not.
 *
 * @throws ImpossibleWorld if the venues have no evening left
 */
export function* generateHappenings(scene: Scene, concertCount: number): Generator<Happening> {
  let concertId = 0;
  let eventId = 0;
  let failures = 0;
  while (concertId < concertCount) {
    const { event, concerts } = anyPlan(scene);
    if (concerts.length === 0) {
      failures++;
      if (failures === MAX_FAILURES)
        throw new ImpossibleWorld(`${scene.venues.length} venues have no evenings for ${concertCount} concerts`);
      continue;
    }
    failures = 0;
    const kept = concerts.slice(0, concertCount - concertId);
    if (event) eventId++;
    yield {
      event: event && { id: eventId, ...event, ...span(kept) },
      concerts: kept.map((concert) => ({ id: ++concertId, eventId: event ? eventId : null, ...concert })),
    };
  }
}

function anyPlan(scene: Scene): Plan {
  const chance = scene.random.fraction();
  if (chance < FESTIVAL_CHANCE) return planFestival(scene);
  if (chance < FESTIVAL_CHANCE + TOUR_CHANCE) return planTour(scene);
  if (chance < FESTIVAL_CHANCE + TOUR_CHANCE + BILL_CHANCE) return planBill(scene);
  return planShow(scene);
}

function span(concerts: Plan['concerts']): Pick<DemoEvent, 'startDate' | 'endDate'> {
  const dates = concerts.map(({ date }) => date);
  return { startDate: Math.min(...dates), endDate: Math.max(...dates) };
}
