// Checks that the lock file installs on every platform, without running anyone's code; `--write` mends what it can.
//
// 1. Every optional dependency has an entry. A registry that carries the builds of some platforms only makes npm leave out
//    the others, silently: on those platforms the install then lacks them, and `npm ci` refuses the file.
// 2. No package needs its install script: those that have one are listed here, with the reason why it may be left out.

import { readFileSync, writeFileSync } from 'node:fs';

const LOCK_FILE = 'package-lock.json';

const WORKS_WITHOUT_INSTALL_SCRIPT = new Map([
  ['@parcel/watcher', 'has a build for each common platform among its optional dependencies; only `jest --watch` uses it'],
  ['@scarf/scarf', 'is nothing but its install script, which reports the install to its maker'],
  ['@swc/core', 'has a build for each common platform among its optional dependencies'],
]);

interface Entry {
  version?: string;
  dev?: boolean;
  hasInstallScript?: boolean;
  optionalDependencies?: Record<string, string>;
}

type Entries = Record<string, Entry>;

interface Gap {
  name: string;
  version: string;
  /** the path of the package that depends on it */
  dependent: string;
}

/** Where npm would find `name` for the package at `path`: beside it, or further up. */
function isLocked(packages: Entries, path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in packages) return true;
    if (folder === '') return false;
  }
}

function findGaps(packages: Entries): Gap[] {
  return Object.entries(packages).flatMap(([dependent, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !isLocked(packages, dependent, name))
      .map(([name, version]) => ({ name, version, dependent })),
  );
}

/** The lock entry of a platform's build, which is named after the platform: `@swc/core-linux-arm64-musl`. */
function entryOf({ name, version, dependent }: Gap, packages: Entries): object {
  const os = /darwin|win32|linux|freebsd|android|openharmony/.exec(name)?.[0];
  const cpu = /-(arm64|x64|ia32|arm|ppc64|s390x|riscv64|loong64)\b/.exec(name)?.[1];
  if (os === undefined || cpu === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(
      `${name}@${version} of ${dependent} is not in the lock file, and its name says no platform: lock it with npm`,
    );
  }
  const libc = os === 'linux' ? [name.includes('musl') ? 'musl' : 'glibc'] : undefined;
  const dev = packages[dependent]?.dev;
  return { version, cpu: [cpu], ...(dev && { dev }), ...(libc && { libc }), optional: true, os: [os] };
}

function fill(packages: Entries, gaps: Gap[]): Entries {
  const added = gaps.map((gap) => [`node_modules/${gap.name}`, entryOf(gap, packages)] as const);
  const [[rootPath, root] = ['', {}], ...rest] = Object.entries(packages);
  const sorted = [...rest, ...added].sort(([left], [right]) => left.localeCompare(right, 'en'));
  return Object.fromEntries([[rootPath, root], ...sorted]);
}

const lock: { packages: Entries } = JSON.parse(readFileSync(LOCK_FILE, 'utf8'));
const gaps = findGaps(lock.packages);
if (gaps.length > 0 && process.argv.includes('--write')) {
  writeFileSync(LOCK_FILE, `${JSON.stringify({ ...lock, packages: fill(lock.packages, gaps) }, null, 2)}\n`);
} else if (gaps.length > 0) {
  console.error(`${LOCK_FILE} lacks ${gaps.map(({ name }) => name).join(', ')}: node scripts/lock-file.ts --write`);
  process.exitCode = 1;
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
const withScript = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript);
const unknown = withScript.map(([path]) => nameOf(path)).filter((name) => !WORKS_WITHOUT_INSTALL_SCRIPT.has(name));
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')} would run an install script. Find another package, or say here why it works without.`);
  process.exitCode = 1;
}
