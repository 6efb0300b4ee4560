import type { Stage } from './query.js';

/** Notes how long each stage takes and what it reads; a stage that runs more than once is one line. */
export class Stages {
  readonly list: Stage[] = [];

  async time<T>(name: string, work: Promise<T>, entriesOf?: (result: T) => number): Promise<T> {
    const start = performance.now();
    const result = await work;
    const stage = this.list.find((one) => one.name === name) ?? this.add(name);
    stage.durationMs += performance.now() - start;
    if (entriesOf) stage.entriesRead = (stage.entriesRead ?? 0) + entriesOf(result);
    return result;
  }

  entriesRead(name: string): number {
    return this.list.find((stage) => stage.name === name)?.entriesRead ?? 0;
  }

  private add(name: string): Stage {
    const stage: Stage = { name, durationMs: 0 };
    this.list.push(stage);
    return stage;
  }
}
