import { assertInTime } from '#problem';
import type { SqliteDatabase } from './sqlite-database.js';
import type { Operations } from './sqlite-thread.js';
import type { Writer } from './sqlite-writer.js';

/** Carries out each operation at once, in a transaction of its own, on a connection that is read from too. */
export class InlineWriter<Ops extends Operations> implements Writer<Ops> {
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly db: SqliteDatabase,
    private readonly operations: Ops,
  ) {}

  async run<Name extends keyof Ops & string>(
    operation: Name,
    argument: Parameters<Ops[Name]>[0],
    deadline: number,
  ): Promise<ReturnType<Ops[Name]>> {
    assertInTime(deadline);
    const [done] = this.db.commitTogether([argument], () => this.operations[operation]?.(argument as never));
    for (const listener of this.listeners) listener();
    const outcome = done?.[1];
    if (outcome && 'fault' in outcome) throw outcome.fault;
    return outcome?.value as ReturnType<Ops[Name]>;
  }

  onAnswers(listener: () => void): void {
    this.listeners.push(listener);
  }

  async close(): Promise<void> {
    this.db.close();
  }
}
