/** The value at so great a share of them, as they are sorted; NaN without any. @param share 0.5 for the median, 1 for the most */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** "p50 612 ms, p99 1300 ms, most 1500 ms". @param digits behind the point */
export function delaysText(delaysMs: readonly number[], digits = 0): string {
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => percentile(delaysMs, share).toFixed(digits));
  return `p50 ${p50} ms, p99 ${p99} ms, most ${most} ms`;
}
