/** How long an answer may take that is not asked for by the header `Prefer`: longer than a write takes as a rule. */
const DEFAULT_WAIT_S = 2;
/** Longer waits are taken for this one. */
const MAX_WAIT_S = 30;

export interface Preferences {
  /** How long the client wants to wait for the end of the execution. */
  waitMs: number;
  /** Those that are honoured, for the header `Preference-Applied`. */
  applied: string;
}

/** `name`, `name=value` or `name="value"` (RFC 7240). */
const PREFERENCE = /^([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s;"]*)))?$/;

/**
 * The preferences `respond-async` and `wait` (RFC 7240). The first of a name counts; what is not known or malformed is
 * no fault, since nobody has to meet a preference.
 */
export function readPreferences(header: string | string[] | undefined): Preferences {
  const preferences = new Map<string, string>();
  for (const part of String(header ?? '').split(',')) {
    const [, name = '', quoted, token = ''] = PREFERENCE.exec(withoutParameters(part)) ?? [];
    if (!preferences.has(name.toLowerCase())) preferences.set(name.toLowerCase(), quoted ?? token);
  }
  const isAsync = preferences.has('respond-async');
  const wait = preferences.get('wait') ?? '';
  const waitS = /^\d{1,9}$/.test(wait) ? Math.min(Number(wait), MAX_WAIT_S) : undefined;
  const applied = [...(isAsync ? ['respond-async'] : []), ...(waitS === undefined ? [] : [`wait=${waitS}`])];
  return { waitMs: 1_000 * (waitS ?? (isAsync ? 0 : DEFAULT_WAIT_S)), applied: applied.join(', ') };
}

/** A preference may have parameters behind a semicolon. */
const withoutParameters = (preference: string): string => preference.split(';', 1).join('').trim();
