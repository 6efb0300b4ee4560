import type { Clock } from '#clock';
import { byService, type ServiceName } from '#config';

type Versions = Record<ServiceName, Map<number, number>>;

const none = (): Versions => byService(() => new Map());

/** The versions that were told of, for so long at least as a service may give older ones, and at most for twice that. */
export class SeenVersions {
  #recent = none();
  #before = none();
  #since: number;

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly keptMs: number,
  ) {
    this.#since = clock.now();
  }

  note(service: ServiceName, id: number, version: number): void {
    const now = this.clock.now();
    if (now - this.#since >= this.keptMs) {
      this.#before = this.#recent;
      this.#recent = none();
      this.#since = now;
    }
    this.#recent[service].set(id, Math.max(version, this.of(service, id)));
  }

  /** 0 where none is remembered. */
  of(service: ServiceName, id: number): number {
    return this.#recent[service].get(id) ?? this.#before[service].get(id) ?? 0;
  }
}
