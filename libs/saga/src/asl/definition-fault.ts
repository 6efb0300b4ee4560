/** What is wrong with a definition, and where. */
export interface Fault {
  /** A JSON pointer (RFC 6901) into the definition. */
  path: string;
  detail: string;
}

/** A message names no more of them; `faults` has them all. */
const MAX_FAULTS_IN_MESSAGE = 10;

/** A definition that cannot be run, with everything that is wrong with it. */
export class DefinitionFault extends Error {
  constructor(readonly faults: Fault[]) {
    const lines = faults.slice(0, MAX_FAULTS_IN_MESSAGE).map(({ path, detail }) => `${path || 'the definition'} ${detail}`);
    super(`A state machine cannot be loaded (${faults.length} faults): ${lines.join('; ')}`);
    this.name = 'DefinitionFault';
  }
}

/** The pointer to a member of what another pointer leads to. */
export function pointerTo(path: string, member: string | number): string {
  return `${path}/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
