/** What the environment says to the tests about the real engines. */
export interface TestEngines {
  /** A server to test against; without it the tests start their own. */
  mongoUrl: string | undefined;
  elasticsearchUrl: string | undefined;
  /** Whether a missing engine is a failure, not a reason to skip. */
  required: boolean;
}

export const readTestEngines = (environment: Readonly<Record<string, string | undefined>> = process.env): TestEngines => ({
  mongoUrl: environment['MONGO_URL'] || undefined,
  elasticsearchUrl: environment['ELASTICSEARCH_URL'] || undefined,
  required: environment['CI'] === 'true',
});
