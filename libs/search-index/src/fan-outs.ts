import type { DateKey } from '#contracts';
import type { BulkWriter } from './bulk-writer.js';
import type { FanOutJob } from './checkpoint.js';
import type { Composer } from './composer.js';
import type { Lease } from './lease.js';
import type { OwnerServices } from './owner-services.js';
import { Bell, type Ground, untilDone } from './patience.js';
import type { Refresher } from './refresher.js';
import { type Sizes, sizesOf } from './sizes.js';

interface FanOutParts {
  ground: Ground;
  services: OwnerServices;
  composer: Composer;
  writer: BulkWriter;
  refresher: Refresher;
  lease: Lease;
}

/**
 * Parts with many concerts, which are composed again page by page, oldest job first. The jobs are in the checkpoint: who
 * leads the index next goes on with them. A concert whose date changes meanwhile may be passed over, but then has a change
 * of its own.
 */
export class FanOuts {
  readonly #parts: FanOutParts;
  readonly #sizes: Sizes;
  readonly #changed = new Bell();
  /** Jobs that wait for nothing but the refresh after them. */
  readonly #brought = new Set<string>();

  constructor(parts: FanOutParts) {
    this.#parts = parts;
    this.#sizes = sizesOf(parts.ground);
  }

  /** Takes a part on, from its first concert, also when it was taken on before; waits while there are too many. */
  async add(part: Omit<FanOutJob, 'after' | 'endReadAt'>, signal: AbortSignal): Promise<void> {
    const { lease } = this.#parts;
    const others = () => lease.checkpoint.jobs.filter((job) => !isSame(job, part));
    while (others().length >= this.#sizes.jobs) {
      await this.#changed.rung(signal);
      signal.throwIfAborted();
    }
    const before = lease.checkpoint.jobs.find((job) => isSame(job, part));
    const { endReadAt } = before ?? lease.checkpoint.feeds[part.service];
    lease.update({ jobs: [...others(), { ...part, endReadAt }] });
    this.#changed.ring();
  }

  /** Until it is told to stop. @throws IndexGone, StoreChanged, StateGone */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const job = this.#parts.lease.checkpoint.jobs.find((one) => !this.#brought.has(nameOf(one)));
      if (job) await this.#work(job, signal);
      else await this.#changed.rung(signal);
    }
  }

  async #work(job: FanOutJob, signal: AbortSignal): Promise<void> {
    const { ground, services, composer, writer, refresher } = this.#parts;
    const { jobPage } = this.#sizes;
    for (let { after }: { after?: DateKey } = job; this.#isCurrent(job); ) {
      signal.throwIfAborted();
      composer.saw(job.service, job.id, job.version);
      const concerts = await untilDone(ground, `reading the concerts of one of the ${job.service}`, signal, () =>
        services.referring(job.service, job.id, { limit: jobPage, ...(after && { after }) }),
      );
      const ids = concerts.map(({ id }) => id);
      const entries = await untilDone(ground, 'composing concerts', signal, () => composer.ofIds(ids, signal));
      await writer.writeForJob(entries, signal);
      const last = concerts.at(-1);
      if (concerts.length < jobPage || !last) break;
      const done = { date: last.date, id: last.id };
      after = done;
      refresher.whenFindable(() => this.#replace(job, [{ ...job, after: done }]));
    }
    // The next one need not wait for that.
    this.#brought.add(nameOf(job));
    refresher.whenFindable(() => {
      this.#brought.delete(nameOf(job));
      this.#replace(job, []);
    });
  }

  /** Nothing when the part was taken on anew since. */
  #replace(job: FanOutJob, by: readonly FanOutJob[]): void {
    const { lease } = this.#parts;
    if (!this.#isCurrent(job)) return;
    lease.update({ jobs: lease.checkpoint.jobs.flatMap((one) => (isSame(one, job) ? by : [one])) });
    this.#changed.ring();
  }

  #isCurrent(job: FanOutJob): boolean {
    return this.#parts.lease.checkpoint.jobs.some((one) => isSame(one, job) && one.version === job.version);
  }
}

const nameOf = ({ service, id, version }: FanOutJob): string => `${service} ${id} ${version}`;

const isSame = (a: Pick<FanOutJob, 'service' | 'id'>, b: Pick<FanOutJob, 'service' | 'id'>): boolean =>
  a.service === b.service && a.id === b.id;
