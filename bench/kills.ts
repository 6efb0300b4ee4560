/**
 * Kills services and orchestrators at random while clients write: every write comes to its end, whole or not at all.
 *
 * `npm run bench:kills -- [--store sqlite|mongodb] [--seconds 120] [--executions 2000] [--clients 16]`: a SIGKILL every 0.5
 * to 2 s for so long, a supervisor that starts again what died, and so many writes in all, spread over that time. On
 * MongoDB there are two orchestrators. Ends with 1 when anything was lost, left behind or done twice, and with 2 for a wrong
 * command.
 */
import { parseArgs } from 'node:util';
import { type KillsReport, killUnderWrites } from './kills/run.js';
import { OwnMongo } from './support/own-mongo.js';

const EXIT_USAGE = 2;
const SHOWN_LINES = 50;

async function main(): Promise<void> {
  const given = readArguments();
  if (!given) {
    process.exitCode = EXIT_USAGE;
    return;
  }
  const { store, ...options } = given;
  const mongo = store === 'mongodb' ? await OwnMongo.start() : undefined;
  try {
    const report = await killUnderWrites({ ...options, mongoUrl: mongo?.url });
    tell(report);
    if (report.broken.length + report.findings.length > 0) process.exitCode = 1;
  } finally {
    await mongo?.stop();
  }
}

function readArguments() {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({ options: { store: text, seconds: text, executions: text, clients: text } });
    const { store = 'sqlite', seconds = '120', executions = '2000', clients = '16' } = values;
    if (store !== 'sqlite' && store !== 'mongodb') throw new Error(`--store is sqlite or mongodb, not ${store}`);
    for (const number of [seconds, executions, clients])
      if (!/^[1-9]\d{0,5}$/.test(number)) throw new Error(`${number} is no whole number above 0`);
    return { store, seconds: Number(seconds), executions: Number(executions), clients: Number(clients) };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return undefined;
  }
}

function tell({ broken, findings, ...report }: KillsReport): void {
  const listed = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, count]) => `${count} x ${name}`)
      .join(', ');
  const all = Object.values(report.executions).reduce((sum, count) => sum + count, 0);
  const kills = Object.values(report.killsOf).reduce((sum, count) => sum + count, 0);
  const ofSort = (sort: string) => [...broken, ...findings].filter((line) => line.startsWith(sort)).length;
  console.log(`${kills} kills: ${listed(report.killsOf)}`);
  console.log(
    `answers: ${listed(report.answers)}; ${report.sendings} requests; ${report.begunUnderKills} of the writes were begun under kills`,
  );
  console.log(`${all} executions: ${listed(report.executions)}; the longest took ${seconds(report.longestMs)} s`);
  console.log(`${ofSort('lost')} lost, ${ofSort('orphaned')} orphans, ${ofSort('doubled')} duplicates`);
  console.log(`audit: ${findings.length} findings; it looked at ${report.audited}`);
  for (const line of [...broken, ...findings].slice(0, SHOWN_LINES)) console.log(`  ${line}`);
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

await main();
