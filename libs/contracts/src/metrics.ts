import Type, { type Static } from 'typebox';
import { defineCall } from './call.js';

/** A family of metrics as its process tells it; `metricName` is that of a histogram's buckets, sum and count. */
const MetricFamily = Type.Object({
  name: Type.String(),
  help: Type.String(),
  type: Type.String(),
  values: Type.Array(
    Type.Object({
      metricName: Type.Optional(Type.String()),
      labels: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
      value: Type.Number(),
    }),
  ),
});

const metricsCall = (service: string) =>
  defineCall(
    `${service}.metrics`,
    Type.Object({}, { additionalProperties: false }),
    Type.Object({ items: Type.Array(MetricFamily) }),
  );

/** The call by which each service tells its metrics: it has no HTTP to be asked over. */
export const metricsCalls = {
  bands: metricsCall('bands'),
  venues: metricsCall('venues'),
  events: metricsCall('events'),
  concerts: metricsCall('concerts'),
};

export type MetricFamily = Static<typeof MetricFamily>;
