/** How late a busy machine may be with what has a deadline. What has none is later still. */
export const LEEWAY_MS = 8_000;
