import { EPOCH_MS, type World } from '#simulation';
import { type Checkpoint, completeUntil } from '../checkpoint.js';
import {
  type CheckpointPosition,
  type ConcertIndices,
  type FoundEntry,
  type IndexEntry,
  isTombstone,
  type StoredCheckpoint,
  type WriteOutcome,
} from '../concert-index.js';

/** What is told of the indices, when it happens. */
export interface IndexEvents {
  written(index: string, entries: readonly IndexEntry[]): void;
  refreshed(index: string): void;
  removed(index: string): void;
  stored(index: string, before: StoredCheckpoint | undefined, checkpoint: Checkpoint): void;
}

/** Indices, and what happens to them, which is told. */
export class WatchedIndices implements ConcertIndices {
  constructor(
    private readonly world: World,
    private readonly indices: ConcertIndices,
    private readonly events: IndexEvents,
  ) {}

  current(): Promise<string | undefined> {
    return this.indices.current();
  }

  names(): Promise<string[]> {
    return this.indices.names();
  }

  async create(name: string): Promise<boolean> {
    const isNew = await this.indices.create(name);
    if (isNew) this.world.tell(`the index ${name} is made`);
    return isNew;
  }

  async swapTo(name: string): Promise<void> {
    await this.indices.swapTo(name);
    this.world.tell(`the alias names ${name}`);
  }

  async remove(name: string): Promise<void> {
    await this.indices.remove(name);
    this.world.tell(`the index ${name} is removed`);
    this.events.removed(name);
  }

  async write(name: string, entries: readonly IndexEntry[]): Promise<WriteOutcome[]> {
    const outcomes = await this.indices.write(name, entries);
    const told = entries.map((entry, at) => `${textOf(entry)} ${outcomes[at]?.outcome}`);
    if (told.length > 0) this.world.tell(`${name} is given ${told.join(', ')}`);
    this.events.written(name, entries);
    return outcomes;
  }

  async refresh(name: string): Promise<void> {
    await this.indices.refresh(name);
    this.events.refreshed(name);
  }

  readCheckpoint(name: string): Promise<StoredCheckpoint | undefined> {
    return this.indices.readCheckpoint(name);
  }

  async storeCheckpoint(
    name: string,
    checkpoint: Checkpoint,
    position: CheckpointPosition | undefined,
  ): Promise<CheckpointPosition> {
    const before = await this.indices.readCheckpoint(name);
    const stored = await this.indices.storeCheckpoint(name, checkpoint, position);
    const { leader, filling, jobs } = checkpoint;
    const until = filling ? `filled to ${filling.afterId}` : `complete until ${completeUntil(checkpoint) - EPOCH_MS}`;
    this.world.tell(
      `${leader?.run ?? 'nobody'} leads ${name}, ${until}${jobs.map(({ service, id, version }) => `, job of ${service} ${id} v${version}`).join('')}`,
    );
    this.events.stored(name, before, checkpoint);
    return stored;
  }

  entriesAfter(name: string, afterId: number, limit: number): Promise<FoundEntry[]> {
    return this.indices.entriesAfter(name, afterId, limit);
  }

  async removeTombstones(name: string, deletedBefore: number, limit: number): Promise<number> {
    const removed = await this.indices.removeTombstones(name, deletedBefore, limit);
    if (removed > 0) this.world.tell(`${removed} tombstones are removed from ${name}`);
    return removed;
  }
}

/** An entry as traces show it. */
export function textOf(entry: IndexEntry): string {
  const { concert, band, venue, event } = entry.versions;
  return `${entry.id}${isTombstone(entry) ? '-' : '+'}${concert}.${band}.${venue}.${event}`;
}
