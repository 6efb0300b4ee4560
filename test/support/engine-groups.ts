import { afterAll, beforeAll, describe } from '@jest/globals';
import { readTestEngines } from '#config';

/** A server that groups of tests need. */
interface Engine<Running> {
  name: string;
  /** The other way to get one, beside `make engines`. */
  hint: string;
  /** Whether it is installed here. */
  isHere: boolean;
  /** Of one that runs already. */
  url: string | undefined;
  /** Begins to use the one that runs already, or starts one. */
  start(): Promise<Running>;
  startDeadlineMs: number;
}

interface EngineGroups<Running> {
  /** A group of tests on a real server, which runs while they do. */
  describeOn(title: string, tests: (running: () => Running) => void): void;
  /** A group of tests that start, stop and kill servers of their own. */
  describeWithOwn(title: string, tests: () => void): void;
}

/** Groups that are skipped where there is no such server, and say why; with CI=true that is a failure. */
export function engineGroups<Running extends { stop(): Promise<void> }>(engine: Engine<Running>): EngineGroups<Running> {
  const { name, hint, isHere, url, start, startDeadlineMs } = engine;

  function group(title: string, isThere: boolean, tests: () => void): void {
    if (isThere) {
      describe(title, tests);
      return;
    }
    const reason = `${title}: there is no ${name} here; \`make engines\` gets it, or ${hint}`;
    if (readTestEngines().required) throw new Error(reason);
    process.stdout.write(`Skipped, ${reason}\n`);
    describe.skip(title, tests);
  }

  return {
    describeOn: (title, tests) =>
      group(title, url !== undefined || isHere, () => {
        let running: Running | undefined;
        beforeAll(async () => {
          running = await start();
        }, startDeadlineMs);
        afterAll(() => running?.stop());
        tests(() => {
          if (!running) throw new Error(`${name} runs only while the tests do`);
          return running;
        });
      }),
    describeWithOwn: (title, tests) => group(title, isHere, tests),
  };
}
