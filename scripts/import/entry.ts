/** Where in its file a row begins: the line from 1, and in a JSON array the index of the element from 0. */
export interface Place {
  line: number;
  index?: number;
}

/**
 * What a file holds at a place: a value, of which nothing is known yet, or the sentence that says why there is none. With
 * `isOfFile` it says why nothing of the file can be read.
 */
export type Entry = { place: Place; bytes: number; value: unknown } | { place: Place; fault: string; isOfFile?: true };

/** The longest row that the schemas allow is some 200 KB; whatever is longer is no row, and is not kept in memory. */
export const MAX_ROW_BYTES = 1024 * 1024;

export const TOO_LONG = `is longer than ${MAX_ROW_BYTES} bytes, which no row is`;
