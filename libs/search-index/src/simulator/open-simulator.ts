import type { IndexSimulator } from './simulator.js';
import type { IndexProtection } from './without.js';

/**
 * Loads the simulator: nobody else needs the stores of the services, and their databases, beside the index.
 * @param without a protection that is taken out, to see that it is noticed
 */
export async function openIndexSimulator(without?: IndexProtection): Promise<IndexSimulator> {
  const { IndexSimulator } = await import('./simulator.js');
  return new IndexSimulator(without);
}
