import type { Faults, Network, Process } from '#simulation';
import type { StartRequest } from '../engine.js';
import type { ClientAnswer, Orchestrator } from './orchestrator.js';

/** Who asks under which idempotency key. */
export const CALLER = 'client';
const KEY_KEPT_MS = 7 * 86_400_000;

const PATIENCE_MS = 8_000;
const PAUSE_MS = [500, 2_000] as const;
const LOOK_PAUSE_MS = [1_000, 10_000] as const;
const REPLAY_PAUSE_MS = [0, 20_000] as const;

export interface ClientParts {
  process: Process;
  orchestrators: readonly Orchestrator[];
  network: Network;
  faults: Faults;
}

/** One who wants one thing written, and asks for it with one idempotency key until there is an answer. */
export class Client {
  /** What it was told, whenever it came. */
  readonly answers: ClientAnswer[] = [];
  isDone = false;
  #asked = 0;
  #heard = 0;
  readonly #draw;

  constructor(
    readonly name: string,
    private readonly request: Pick<StartRequest, 'stateMachine' | 'input'>,
    private readonly parts: ClientParts,
  ) {
    this.#draw = parts.faults.draw(`${name} client`);
  }

  ask(): void {
    const { orchestrators, process } = this.parts;
    const number = ++this.#asked;
    // Two at once under one key, as from a user who clicks twice.
    const asked = this.#draw.chance(0.1) ? orchestrators : [this.#draw.pick(orchestrators)];
    for (const orchestrator of asked)
      this.#send(`${this.name} asked ${number} of ${orchestrator.process.name}`, number, orchestrator);
    process.clock.after(PATIENCE_MS, () => {
      if (this.#heard < number) this.#again(PAUSE_MS);
    });
  }

  #send(name: string, number: number, orchestrator: Orchestrator): void {
    const { network, process } = this.parts;
    const hear = (answer: ClientAnswer) => network.send(`${name} answered`, process, () => this.#hear(number, answer));
    const request = {
      ...this.request,
      request: { name: this.name },
      idempotencyKey: { caller: CALLER, key: this.name, fingerprint: this.name, expiresAt: process.world.now + KEY_KEPT_MS },
    };
    const unavailable = () => this.#hear(number, { error: 'Unavailable' });
    network.send(name, orchestrator.process, () => void orchestrator.accept(request, hear), unavailable);
  }

  #hear(number: number, answer: ClientAnswer): void {
    this.answers.push(answer);
    this.parts.process.world.tell(`${this.name} is told ${JSON.stringify(answer)}`);
    if (this.#heard >= number) return;
    this.#heard = number;
    const hasEnded = 'id' in answer && answer.status !== 'RUNNING';
    if (!('id' in answer)) this.#again(PAUSE_MS);
    else if (hasEnded ? this.#draw.chance(0.6) : this.#draw.chance(0.2)) this.isDone = true;
    else this.#again(hasEnded ? REPLAY_PAUSE_MS : LOOK_PAUSE_MS);
  }

  #again([low, high]: readonly [number, number]): void {
    this.parts.process.clock.after(this.#draw.between(low, high), () => {
      if (!this.isDone) this.ask();
    });
  }
}
