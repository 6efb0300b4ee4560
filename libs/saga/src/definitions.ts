import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { Fault } from '#problem';
import { type Definition, loadDefinition } from './asl/definition.js';
import { isObject, type Json, type JsonObject } from './asl/json.js';
import type { Journal, Within } from './journal.js';

interface Known {
  hash: string;
  definition: Definition;
}

/**
 * The definitions that executions run: those of today by name, and those of older executions by their hash, from the
 * journal. An execution ends with the definition that it began with.
 */
export class Definitions {
  readonly #journal: Journal;
  readonly #current = new Map<string, Known & { source: Json; saved: boolean }>();
  readonly #byHash = new Map<string, Known>();

  /** @throws DefinitionFault for a state machine that is none */
  constructor(journal: Journal, stateMachines: ReadonlyMap<string, Json>) {
    this.#journal = journal;
    for (const [name, source] of stateMachines) {
      const known = compiled(source);
      this.#current.set(name, { ...known, source, saved: false });
      this.#byHash.set(known.hash, known);
    }
  }

  /** The definition of today, which is in the journal when this returns. @throws Fault NotFound */
  async current(name: string, within: Within): Promise<Known> {
    const current = this.#current.get(name);
    if (!current) throw new Fault('NotFound', `there is no state machine ${name}`);
    if (!current.saved) {
      await this.#journal.saveDefinition({ hash: current.hash, source: current.source }, within);
      current.saved = true;
    }
    return current;
  }

  /** @throws Fault NotFound when the journal lacks it; DefinitionFault when this version does not understand it */
  async ofHash(hash: string, within: Within): Promise<Known> {
    const known = this.#byHash.get(hash);
    if (known) return known;
    const source = await this.#journal.definition(hash, within);
    if (source === undefined) throw new Fault('NotFound', `the journal lacks the definition ${hash}`);
    const found = { hash, definition: loadDefinition(source) };
    this.#byHash.set(hash, found);
    return found;
  }
}

/** To compile a source takes about a millisecond, and a simulation makes many engines of the same ones. */
const compiledSources = new WeakMap<JsonObject, Known>();

function compiled(source: Json): Known {
  const known = isObject(source) ? compiledSources.get(source) : undefined;
  if (known) return known;
  const made = { hash: hashOf(source), definition: loadDefinition(source) };
  if (isObject(source)) compiledSources.set(source, made);
  return made;
}

const hashOf = (source: Json): string => hash('sha256', canonicalize(source) ?? '');
