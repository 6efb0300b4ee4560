import type { Clock } from '#clock';
import type { Checkpoint } from '../checkpoint.js';
import {
  CheckpointConflict,
  type CheckpointPosition,
  type ConcertIndices,
  composedVersion,
  type FoundEntry,
  type IndexEntry,
  IndexGone,
  isTombstone,
  type StoredCheckpoint,
  type WriteOutcome,
} from '../concert-index.js';

/** For so long Elasticsearch remembers the version of what was removed: its `index.gc_deletes`. */
const DELETE_REMEMBERED_MS = 60_000;

/**
 * What can be left out of how entries are written. Without `index-version` an entry replaces whatever is there; without
 * `tombstone-alias` a deleted concert is removed, with its version, and no tombstone stays.
 */
export type WriteProtection = 'index-version' | 'tombstone-alias';

/** Indices in memory, for a simulation: what Elasticsearch keeps and forgets, and each call is carried out at once. */
export class MemoryIndices implements ConcertIndices {
  readonly #indices = new Map<string, MemoryIndex>();
  #current: string | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly options: { without?: WriteProtection } = {},
  ) {}

  /** What searches find now in the index behind the alias, live and tombstones. */
  get visible(): IndexEntry[] {
    return this.#current === undefined ? [] : this.#index(this.#current).found;
  }

  /** The name of the index behind the alias. */
  get currentName(): string | undefined {
    return this.#current;
  }

  /** What searches of one index find, live and tombstones; nothing where it is not there. */
  foundIn(name: string): IndexEntry[] | undefined {
    return this.#indices.get(name)?.found;
  }

  async current(): Promise<string | undefined> {
    return this.#current;
  }

  async names(): Promise<string[]> {
    return [...this.#indices.keys()].toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
  }

  async create(name: string): Promise<boolean> {
    if (this.#indices.has(name)) return false;
    this.#indices.set(name, new MemoryIndex(this.clock, this.options.without));
    return true;
  }

  async swapTo(name: string): Promise<void> {
    this.#index(name);
    this.#current = name;
  }

  async remove(name: string): Promise<void> {
    this.#indices.delete(name);
    if (this.#current === name) this.#current = undefined;
  }

  async write(name: string, entries: readonly IndexEntry[]): Promise<WriteOutcome[]> {
    const index = this.#index(name);
    return entries.map((entry) => index.write(entry));
  }

  async refresh(name: string): Promise<void> {
    this.#index(name).refresh();
  }

  async readCheckpoint(name: string): Promise<StoredCheckpoint | undefined> {
    return structuredClone(this.#index(name).checkpoint);
  }

  async storeCheckpoint(
    name: string,
    checkpoint: Checkpoint,
    position: CheckpointPosition | undefined,
  ): Promise<CheckpointPosition> {
    const index = this.#index(name);
    if (index.checkpoint?.position.seqNo !== position?.seqNo)
      throw new CheckpointConflict(`the checkpoint of the index ${name} was written by another`);
    return index.storeCheckpoint(structuredClone(checkpoint));
  }

  async entriesAfter(name: string, afterId: number, limit: number): Promise<FoundEntry[]> {
    const entries = this.#index(name).found.filter(({ id }) => id > afterId);
    return entries
      .toSorted((a, b) => a.id - b.id)
      .slice(0, limit)
      .map((entry) => ({ id: entry.id, versions: { ...entry.versions }, isLive: !isTombstone(entry) }));
  }

  async removeTombstones(name: string, deletedBefore: number, limit: number): Promise<number> {
    return this.#index(name).removeTombstones(deletedBefore, limit);
  }

  #index(name: string): MemoryIndex {
    const index = this.#indices.get(name);
    if (!index) throw new IndexGone(`there is no index ${name}`);
    return index;
  }
}

interface Stored {
  entry: IndexEntry;
  version: number;
}

class MemoryIndex {
  checkpoint: StoredCheckpoint | undefined;
  readonly #stored = new Map<number, Stored>();
  readonly #removed = new Map<number, { version: number; at: number }>();
  /** As it was when it was refreshed. */
  readonly #found = new Map<number, Stored>();
  readonly #changed = new Set<number>();
  #seqNo = 0;

  constructor(
    private readonly clock: Clock,
    private readonly without: WriteProtection | undefined,
  ) {}

  get found(): IndexEntry[] {
    return [...this.#found.values()].map(({ entry }) => entry);
  }

  write(entry: IndexEntry): WriteOutcome {
    const version = composedVersion(entry.versions);
    if (this.without !== 'index-version' && version <= this.#versionOf(entry.id)) return { outcome: 'newer' };
    if (this.without === 'tombstone-alias' && isTombstone(entry)) this.#remove(entry.id, version);
    else this.#put({ entry, version });
    return { outcome: 'written' };
  }

  refresh(): void {
    for (const id of this.#changed) {
      const stored = this.#stored.get(id);
      if (stored) this.#found.set(id, stored);
      else this.#found.delete(id);
    }
    this.#changed.clear();
  }

  storeCheckpoint(checkpoint: Checkpoint): CheckpointPosition {
    const position = { seqNo: ++this.#seqNo, primaryTerm: 1 };
    this.checkpoint = { checkpoint, position };
    return position;
  }

  /** Those that are still as they are found. */
  removeTombstones(deletedBefore: number, limit: number): number {
    const isOld = ({ entry }: Stored) => isTombstone(entry) && entry.deletedAt < deletedBefore;
    const old = [...this.#found.values()].filter(isOld).slice(0, limit);
    const removable = old.filter((found) => this.#stored.get(found.entry.id) === found);
    // A removal is one more version of the document.
    for (const { entry, version } of removable) this.#remove(entry.id, version + 1);
    return removable.length;
  }

  #versionOf(id: number): number {
    const removed = this.#removed.get(id);
    const remembered = removed && this.clock.now() - removed.at <= DELETE_REMEMBERED_MS ? removed.version : undefined;
    return this.#stored.get(id)?.version ?? remembered ?? -1;
  }

  #put(stored: Stored): void {
    this.#stored.set(stored.entry.id, stored);
    this.#removed.delete(stored.entry.id);
    this.#changed.add(stored.entry.id);
  }

  #remove(id: number, version: number): void {
    this.#stored.delete(id);
    this.#removed.set(id, { version, at: this.clock.now() });
    this.#changed.add(id);
  }
}
