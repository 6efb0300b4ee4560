let executions = 0;

/** The step key of an execution of its own. */
export function newStep(about = 'band'): string {
  executions += 1;
  return `01900000-0000-7000-8000-${executions.toString(16).padStart(12, '0')}/${about}`;
}

/** How a call ends: its answer, or the code of its fault. */
export async function endOf<A>(call: Promise<A>): Promise<A | string> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
    throw error;
  }
}
