import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { generateWorld, type WorldOptions } from './world.js';

/** Rows written to each file. */
export interface WorldCounts {
  bands: number;
  venues: number;
  events: number;
  concerts: number;
}

/** Text that is held before it is written: enough that the calls cost little. */
const BUFFER_CHARACTERS = 64 * 1024;

/**
 * Writes a world into a folder, which is made if it is not there: `bands.ndjson`, `venues.ndjson`, `events.ndjson`,
 * `concerts.ndjson`, one record a line, as the import reads them. Files of these names are replaced.
 *
 * @throws ImpossibleWorld as `generateWorld`; the errors of the file system
 */
export async function writeWorld(folder: string, options: WorldOptions = {}): Promise<WorldCounts> {
  const world = generateWorld(options);
  await mkdir(folder, { recursive: true });
  await using bands = await NdjsonFile.open(folder, 'bands');
  await using venues = await NdjsonFile.open(folder, 'venues');
  await using events = await NdjsonFile.open(folder, 'events');
  await using concerts = await NdjsonFile.open(folder, 'concerts');
  await bands.write(world.bands);
  await venues.write(world.venues);
  for (const happening of world.happenings()) {
    if (happening.event) await events.write([happening.event]);
    await concerts.write(happening.concerts);
  }
  return { bands: bands.rows, venues: venues.rows, events: events.rows, concerts: concerts.rows };
}

/** Holds no more than its buffer: who writes waits for the disk. */
class NdjsonFile implements AsyncDisposable {
  rows = 0;
  #text = '';

  static async open(folder: string, name: keyof WorldCounts): Promise<NdjsonFile> {
    return new NdjsonFile(await open(join(folder, `${name}.ndjson`), 'w'));
  }

  private constructor(readonly file: FileHandle) {}

  async write(rows: readonly object[]): Promise<void> {
    for (const row of rows) {
      this.#text += `${JSON.stringify(row)}\n`;
      if (this.#text.length > BUFFER_CHARACTERS) await this.#flush();
    }
    this.rows += rows.length;
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    await this.file.appendFile(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#flush();
    } finally {
      await this.file.close();
    }
  }
}
