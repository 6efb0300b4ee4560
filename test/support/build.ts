import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// Threads and child processes cannot be run from the sources by Jest: they run what is in dist, which must not be older.

const SOURCES = ['{apps,libs,scripts,bench}/**/*.{ts,json}', 'package.json', 'tsconfig*.json'];
/** The Makefile's mark of a build, and ours. */
const BUILT = 'dist/.built';
const BUILD_TIMEOUT_MS = 300_000;
/** What the compiler exits with when types are wrong but everything was written: to say so is the linter's matter. */
const WRITTEN_WITH_ERRORS = 2;

/** Builds what the sources say now, once before all suites, unless dist is that already. */
export default function build({ rootDir }: { rootDir: string }): void {
  const built = join(rootDir, BUILT);
  const builtAt = existsSync(built) ? statSync(built).mtimeMs : 0;
  const isNewer = (source: string) => statSync(join(rootDir, source)).mtimeMs > builtAt;
  if (!globSync(SOURCES, { cwd: rootDir }).some(isNewer)) return;

  const startedAt = new Date();
  const compiler = join(rootDir, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: rootDir,
    encoding: 'utf8',
    timeout: BUILD_TIMEOUT_MS,
  });
  if (status === WRITTEN_WITH_ERRORS) return;
  if (status !== 0) throw new Error(`the sources cannot be built, and dist is older than they are:\n${stdout}`);
  writeFileSync(built, '');
  utimesSync(built, startedAt, startedAt);
}
