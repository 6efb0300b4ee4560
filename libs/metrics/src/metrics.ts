import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { VERSION } from '#config';
import type { MetricFamily } from '#contracts';
import { Fault } from '#problem';

/** A gauge that cannot be read within this is left out: soon enough that all else still reaches who asks. */
const GAUGE_TIMEOUT_MS = 1_000;

/** From an answer out of memory to the longest deadlines; a wait for changes lies beyond. */
export const DURATION_BUCKETS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How often the event loop is looked at: every 10 ms, as is usual, costs a busy laptop 1 % of a core for each process. */
const EVENT_LOOP_INTERVAL_MS = 50;

/** One value of a gauge, with its labels. */
interface Reading {
  labels?: Readonly<Record<string, string | number>>;
  value: number;
}

interface ReadGauge {
  name: string;
  help: string;
  labelNames?: string[];
}

/**
 * The metrics of one application, each labelled with its name as the `service`. Counters, gauges and histograms are
 * made with `registers: [metrics.registry]`.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #ofNode = nodeRegistry();
  readonly #unread: Counter<'metric'>;

  /** @param service as `make start` calls the process */
  constructor(readonly service: string) {
    const registers = [this.registry];
    new Gauge({ name: 'backline_build_info', help: 'The version of the program.', labelNames: ['version'], registers }).set(
      { version: VERSION },
      1,
    );
    const help = 'Gauges that could not be read in time, and were left out.';
    this.#unread = new Counter({ name: 'backline_unread_gauges_total', help, labelNames: ['metric'], registers });
  }

  /**
   * A gauge that is read whenever somebody wants to know. What fails, or takes longer than until the deadline, leaves it
   * without a value.
   */
  readGauge({ name, help, labelNames = [] }: ReadGauge, read: (within: { deadline: number }) => Readings): void {
    const tryToRead = async (): Promise<readonly Reading[]> => {
      try {
        return await inTime(read);
      } catch {
        this.#unread.inc({ metric: name });
        return [];
      }
    };
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      async collect() {
        const readings = await tryToRead();
        this.reset();
        // One without labels is 0 by itself, which is a value, too.
        if (labelNames.length === 0) this.remove();
        for (const { labels = {}, value } of readings) this.set(labels, value);
      },
    });
  }

  /** All families as they are now, those of Node among them. It takes little longer than GAUGE_TIMEOUT_MS, and never fails. */
  async families(): Promise<MetricFamily[]> {
    const { service } = this;
    const families = [...(await this.#ofNode.getMetricsAsJSON()), ...(await this.registry.getMetricsAsJSON())];
    return families.map(({ name, help, type, values }) => ({
      name,
      help,
      type: String(type),
      // What is not a number yet, like a mean of nothing, is no number in JSON.
      values: values
        .filter(({ value }) => Number.isFinite(value))
        .map(({ labels, ...value }) => ({ ...value, labels: { service, ...definedOnly(labels) } })),
    }));
  }
}

type Readings = readonly Reading[] | Promise<readonly Reading[]>;

async function inTime(read: (within: { deadline: number }) => Readings): Promise<readonly Reading[]> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Fault('Timeout', 'a gauge was not read in time')), GAUGE_TIMEOUT_MS);
  try {
    return await Promise.race([read({ deadline: Date.now() + GAUGE_TIMEOUT_MS }), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

let ofNode: Registry | undefined;

/** What Node tells of the process, however many applications run in it: watching it costs something each time. */
function nodeRegistry(): Registry {
  if (ofNode) return ofNode;
  ofNode = new Registry();
  collectDefaultMetrics({ register: ofNode, eventLoopMonitoringPrecision: EVENT_LOOP_INTERVAL_MS });
  return ofNode;
}

const definedOnly = (labels: Partial<Record<string, string | number>>): Record<string, string | number> =>
  Object.fromEntries(Object.entries(labels).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
