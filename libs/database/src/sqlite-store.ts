import { InlineWriter } from './inline-writer.js';
import { type Migrations, SqliteDatabase } from './sqlite-database.js';
import type { Operations } from './sqlite-thread.js';
import { SqliteWriter, type Writer, type WriterOptions } from './sqlite-writer.js';

/** An embedded store: a connection that reads in this thread, and one that writes in another. */
export class SqliteStore<Ops extends Operations> {
  private constructor(
    readonly reader: SqliteDatabase,
    readonly writer: Writer<Ops>,
  ) {}

  /** @throws CannotStart with one line when the file is damaged, cannot be opened, or is from a newer version. */
  static async open<Ops extends Operations>(migrations: Migrations, options: WriterOptions): Promise<SqliteStore<Ops>> {
    const reader = SqliteDatabase.open(options.path, migrations);
    try {
      return new SqliteStore(reader, await SqliteWriter.start<Ops>(options));
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  /** A store in memory, which one connection reads and writes, in this thread. */
  static inMemory<Ops extends Operations>(db: SqliteDatabase, operations: Ops): SqliteStore<Ops> {
    return new SqliteStore(db, new InlineWriter(db, operations));
  }

  /** Twice is harmless. The thread is the last to close the file, and so copies the log of its writes into it. */
  close(): Promise<void> {
    this.reader.close();
    return this.writer.close();
  }
}
