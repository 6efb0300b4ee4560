import { numberOf, type SqliteDatabase, serveWrites } from '#database';
import { Fault } from '#problem';

// What the thread of a test's store can do. Node runs this file as it is, without its types.

export type NoteOperations = {
  /** @returns the id of the note */
  add(text: string): number;
  /** Adds a note, and takes its time. */
  addSlowly(note: { text: string; timeMs: number }): number;
  /** Adds a note, then refuses. */
  addAndRefuse(text: string): never;
  /** Adds a note, then fails as nobody foresaw. */
  addAndBreak(text: string): never;
  /** How large the file may become. */
  limitPages(pages: number): void;
  /** Ends the thread. */
  die(status: number): never;
};

serveWrites((db: SqliteDatabase): NoteOperations => {
  const add = (text: string) => numberOf(db.prepare('insert into notes (text) values (?)').run(text).lastInsertRowid);
  return {
    add,
    addSlowly({ text, timeMs }) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeMs);
      return add(text);
    },
    addAndRefuse(text) {
      add(text);
      throw new Fault('Conflict', 'there is one', { fields: [{ parameter: '/text', code: 'taken', detail: text }] });
    },
    addAndBreak(text) {
      add(text);
      throw new RangeError(`broken at ${text}`);
    },
    limitPages(pages) {
      db.prepare(`pragma max_page_count = ${pages}`).get();
    },
    die: (status) => process.exit(status),
  };
});
