import { fixed, markdownTable } from '../support/markdown.js';
import { percentile } from '../support/percentiles.js';
import type { Block } from './measure.js';

/** The rounds of one workload on one system. */
export interface Measured {
  workload: string;
  world: string;
  blocks: Block[];
}

/** A Markdown table: a line for each workload and world; the last columns compare a world with the first one. */
export function table(measured: readonly Measured[]): string {
  const header = [
    'workload',
    'over',
    'rows',
    'p50 ms',
    'p99 ms',
    'CPU ms',
    'entries',
    'most entries',
    'failed',
    'p50 ratio',
    'CPU ratio',
  ];
  const lines = [...Map.groupBy(measured, ({ workload }) => workload).values()].flatMap((worlds) =>
    worlds.map((one) => line(one, worlds[0])),
  );
  return markdownTable(header, lines, ['workload', 'over']);
}

function line({ workload, world, blocks }: Measured, first: Measured | undefined): string[] {
  const took = blocks.flatMap(({ tookMs }) => tookMs);
  const entries = blocks.flatMap((block) => block.entries);
  const rows = blocks.flatMap((block) => block.rows);
  const isFirst = first === undefined || first.world === world;
  return [
    workload,
    world,
    String(percentile(rows, 0.5)),
    percentile(took, 0.5).toFixed(2),
    percentile(took, 0.99).toFixed(2),
    fixed(mean(blocks.map(({ cpuMs }) => cpuMs))),
    String(percentile(entries, 0.5)),
    String(percentile(entries, 1)),
    String(blocks.reduce((sum, { failed }) => sum + failed, 0)),
    isFirst ? '' : ratios(blocks, first.blocks, ({ tookMs }) => percentile(tookMs, 0.5)),
    isFirst ? '' : ratios(blocks, first.blocks, ({ cpuMs }) => cpuMs),
  ];
}

/** The median of the ratios of the rounds, with the least and the most of them. */
function ratios(blocks: readonly Block[], first: readonly Block[], of: (block: Block) => number | undefined): string {
  const values = blocks.map((block, round) => {
    const [one, other] = [of(block), first[round] && of(first[round])];
    return one === undefined || !other ? Number.NaN : one / other;
  });
  if (values.some(Number.isNaN)) return 'n/a';
  const [median, least, most] = [0.5, 0, 1].map((share) => fixed(percentile(values, share)));
  return `${median} (${least} to ${most})`;
}

const mean = (values: readonly (number | undefined)[]): number | undefined =>
  values.reduce((sum, value) => (sum === undefined || value === undefined ? undefined : sum + value / values.length), 0);
