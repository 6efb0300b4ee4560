/** A family of metrics as the text says it. */
export interface Family {
  name: string;
  help: string;
  type: string;
  samples: Sample[];
}

interface Sample {
  /** With the suffix that those of a histogram have. */
  name: string;
  labels: Record<string, string>;
  value: number;
}

const HELP = /^# HELP ([a-zA-Z_:][\w:]*) (.+)$/;
const TYPE = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const LABEL = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;

/**
 * Reads the text format of Prometheus, version 0.0.4, more strictly than Prometheus does: each family once, with HELP and
 * TYPE before its samples, no sample twice, none that belongs elsewhere, and every histogram whole.
 */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family>();
  let family: Family | undefined;
  for (const line of text.split('\n').filter((one) => one !== '')) {
    if (line.startsWith('# HELP ')) {
      family = familyIn(line);
      if (families.has(family.name)) throw new Error(`${family.name} is there twice`);
      families.set(family.name, family);
    } else {
      if (!family) throw new Error(`no HELP before: ${line}`);
      addTo(family, line);
    }
  }
  for (const one of families.values()) assertWhole(one);
  return families;
}

function familyIn(line: string): Family {
  const [, name, help = ''] = HELP.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a HELP: ${line}`);
  return { name, help, type: '', samples: [] };
}

function addTo(family: Family, line: string): void {
  const [, name, type = ''] = TYPE.exec(line) ?? [];
  if (name !== undefined) {
    if (family.name !== name || family.type !== '') throw new Error(`a TYPE of another: ${line}`);
    family.type = type;
    return;
  }
  const sample = sampleIn(line);
  if (!belongs(sample, family)) throw new Error(`a sample of another: ${line}`);
  family.samples.push(sample);
}

function sampleIn(line: string): Sample {
  const [, name, list = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  for (let rest = list; rest !== ''; ) {
    const [whole, label, text = ''] = LABEL.exec(rest) ?? [];
    if (whole === undefined || label === undefined || label in labels) throw new Error(`wrong labels: ${line}`);
    labels[label] = text.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    rest = rest.slice(whole.length);
  }
  return { name, labels, value: Number(value) };
}

function belongs({ name, labels }: Sample, { name: family, type }: Family): boolean {
  if (type !== 'histogram') return name === family;
  return name === `${family}_bucket` ? 'le' in labels : name === `${family}_sum` || name === `${family}_count`;
}

/** No sample is there twice. Buckets of a histogram only rise, and the last, which has no bound, is the count. */
function assertWhole({ name, type, samples }: Family): void {
  const identities = samples.map((sample) => JSON.stringify([sample.name, Object.entries(sample.labels).sort()]));
  if (type === '' || new Set(identities).size < identities.length) throw new Error(`${name} has no TYPE, or a sample twice`);
  if (type !== 'histogram') return;
  const series = Object.groupBy(samples, ({ labels: { le: _, ...labels } }) => JSON.stringify(Object.entries(labels).sort()));
  for (const [labels, ofSeries = []] of Object.entries(series)) {
    const buckets = ofSeries.filter((sample) => sample.name.endsWith('_bucket'));
    const count = ofSeries.find((sample) => sample.name === `${name}_count`)?.value;
    const rises = buckets.every(({ value }, at) => value >= (buckets[at - 1]?.value ?? 0));
    const last = buckets.at(-1);
    const isWhole = rises && last?.labels['le'] === '+Inf' && last.value === count;
    if (!isWhole || !ofSeries.some((sample) => sample.name === `${name}_sum`)) throw new Error(`not whole: ${name} ${labels}`);
  }
}
