import { type Difference, MAX_DIFFERENCES, type Verification } from '#search-index';

type Versions = Difference['services'];

/** Each difference as a line, and the counts. */
export function tellDifferences({ concerts, differences }: Verification): void {
  for (const { id, kind, services, index } of differences)
    process.stdout.write(`concert ${id}: ${kind}, services ${asText(services)}, index ${asText(index)}\n`);
  const many = differences.length >= MAX_DIFFERENCES ? 'at least ' : '';
  process.stdout.write(`${concerts} concerts compared, ${many}${differences.length} differences\n`);
}

/** As the ETag of a concert says it: its version, and those of its band, its venue and its event. */
const asText = (versions: Versions): string =>
  versions ? `${versions.concert}.${versions.band}.${versions.venue}.${versions.event}` : 'none';
