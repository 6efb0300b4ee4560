import { isIP } from 'node:net';

/** Reads one value; throws an `Error` whose message says what is allowed. */
export type Reader<T> = (value: string) => T;

/** The variables of an environment, each read once; what is wrong with any of them is collected. */
export class Variables {
  readonly faults: string[] = [];

  constructor(private readonly environment: Readonly<Record<string, string | undefined>>) {}

  /** The variable, or its default where it is missing or empty. A wrong one is noted and read as its default. */
  read<T>(name: string, byDefault: string, reader: Reader<T>): T {
    const given = this.environment[name]?.trim() || byDefault;
    try {
      return reader(given);
    } catch (error) {
      const allowed = error instanceof Error ? error.message : String(error);
      this.faults.push(`${name} is ${JSON.stringify(withoutPassword(given))}, allowed is ${allowed}`);
      return reader(byDefault);
    }
  }

  /** A variable whose value must not be shown, not even when it is wrong; empty where it is missing. */
  readSecret<T>(name: string, reader: Reader<T>): T {
    try {
      return reader(this.environment[name]?.trim() ?? '');
    } catch (error) {
      this.faults.push(`${name} is wrong, allowed is ${error instanceof Error ? error.message : String(error)}`);
      return reader('');
    }
  }
}

// A password in a URL must not reach a log, however wrong the URL is: it may hold any character, also another @.
const withoutPassword = (value: string): string =>
  value.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1***@').replace(/(api_?key|password|token)=[^&]*/gi, '$1=***');

export const text: Reader<string> = (value) => value;

export const host: Reader<string> = (value) => {
  if (isIP(value) === 0 && !HOST_NAME.test(value)) throw new Error('an IP address or a host name');
  return value;
};

/** Labels of letters, digits and hyphens. One of digits at the end would be an address, and a wrong one. */
const HOST_NAME = /^([a-z\d_-]{1,63}\.)*(?!\d+$)[a-z\d-]{1,63}$/i;

export const port: Reader<number> = (value) => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) throw new Error('a port from 1 to 65535, or 0 for any free one');
  return number;
};

const MAX_SECONDS = 31_536_000;

export const seconds: Reader<number> = (value) => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > MAX_SECONDS) throw new Error(`whole seconds from 0 to ${MAX_SECONDS}`);
  return number;
};

/** Ten years: longer than anyone looks back at a request. */
const MAX_DAYS = 3_650;

export const days: Reader<number> = (value) => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || number > MAX_DAYS) throw new Error(`whole days from 1 to ${MAX_DAYS}`);
  return number;
};

export const oneOf =
  <T extends string>(allowed: readonly T[]): Reader<T> =>
  (value) => {
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw new Error(allowed.join(' or '));
    return found;
  };

export const address: Reader<{ host: string; port: number } | undefined> = (value) => {
  if (value === '') return undefined;
  const { protocol, host: hostAndPort, hostname, port: portText } = parsed(value) ?? {};
  if (protocol !== 'tcp:' || !hostname || !Number(portText) || value !== `tcp://${hostAndPort}`)
    throw new Error('tcp://host:port');
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(portText) };
};

export const mongoUrl: Reader<string | undefined> = (value) => {
  if (value === '') return undefined;
  if (!/^mongodb(\+srv)?:\/\/[^/\s]+/.test(value)) throw new Error('mongodb://host:port or mongodb+srv://host, of a replica set');
  return value;
};

export const origins: Reader<string[] | '*'> = (value) => {
  if (value === '*') return '*';
  const list = value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (list.some((one) => parsed(one)?.origin !== one))
    throw new Error('* or origins such as https://example.org, separated by commas');
  return list;
};

const parsed = (value: string): URL | undefined => URL.parse(value) ?? undefined;
