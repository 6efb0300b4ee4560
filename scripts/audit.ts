// Whether all that was promised is in the stores, and nothing else: found out by readings of its own, not by the code that writes them.

import { parseArgs } from 'node:util';
import { loadConfig, serviceNames } from '#config';
import { type Audit, audit } from './audit/audit.js';
import { CannotAudit } from './audit/stored.js';
import { EXIT_CANNOT, EXIT_FAULTS, runCommand } from './command.js';

const HELP = `Looks for every lost, doubled, torn or orphaned entity, and for executions that are stuck.

  npm run audit

It reads the stores of the four services and of the orchestrator where these keep them: the SQLite files in DATA_DIR, or
the databases that MONGO_URL, BANDS_MONGO_URL, ..., ORCHESTRATOR_MONGO_URL name. It only reads, and the system may run
meanwhile. Of millions of rows it keeps but a few in memory at a time.

Each finding is a line: its sort, the kind and id of the entity, what is wrong, and the execution that has to do with it.
In containers: docker compose run --rm with the image of a service, the variables above, and "node dist/scripts/audit.js".

Exit code: 0 when there is nothing wrong, 1 when there is, 2 for a wrong command or stores that cannot be read, 78 for
a wrong configuration.
`;

process.exitCode = await runCommand(
  async () => {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
    if (!values.help) return told(await audit(loadConfig()));
    process.stdout.write(HELP);
    return 0;
  },
  (error) => (error instanceof CannotAudit ? EXIT_CANNOT : undefined),
);

function told({ findings, isCut, entities, executions }: Audit): number {
  for (const finding of findings) process.stdout.write(`${finding}\n`);
  const looked = serviceNames.map((kind) => `${entities[kind].live} ${kind} and ${entities[kind].deleted} deleted`);
  const wrong = findings.length === 0 ? 'nothing is wrong' : `${isCut ? 'more than ' : ''}${findings.length} findings`;
  process.stdout.write(
    `${wrong}: looked at ${looked.join(', ')}, ${executions.ended} executions that have ended and ${executions.running} that run\n`,
  );
  return findings.length === 0 ? 0 : EXIT_FAULTS;
}
