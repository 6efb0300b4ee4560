export { sendRecord } from './answers.js';
export {
  Describe,
  describedHeaders,
  describeId,
  describeParameters,
  describeProblem,
  type Endpoint,
  plain,
  RefuseParameters,
} from './describe.js';
export { versionETag } from './etags.js';
export { healthAsking, sendHealth, servicesHealth } from './health.js';
export { LivenessController } from './liveness.controller.js';
export {
  assertFaultless,
  type Clean,
  type ParameterCheck,
  Parameters,
  parameterCheck,
  parseQuery,
  rawQueryOf,
} from './parameters.js';
export { PathId } from './path-id.js';
export { sendProblem } from './problem-filter.js';
export { Ask } from './request-identity.js';
export { servicesMetrics } from './services-metrics.js';
export { startHttpApp } from './start-http-app.js';
