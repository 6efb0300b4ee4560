/** A number as a person reads it. */
export const formatted = (count: number): string => count.toLocaleString('en-US');

/** So many a second, as a person reads it. */
export const perSecond = (count: number, elapsedMs: number): string =>
  formatted(Math.round((1_000 * count) / Math.max(1, elapsedMs)));
