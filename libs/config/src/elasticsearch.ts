import { readFileSync, statSync } from 'node:fs';
import type { Reader, Variables } from './variables.js';

/** An Elasticsearch, and how to log in there. */
export interface ElasticsearchConfig {
  /** Without user and password. */
  url: string;
  login: { username: string; password: string } | { apiKey: string } | undefined;
  /** Certificates (PEM) of those who may sign the server's own; nothing for the ones that Node knows. */
  ca: string | undefined;
  /** The alias that the concerts are read by; what else there is has a name that begins with it. */
  alias: string;
}

/** Nothing when no URL is given. */
export function readElasticsearch(variables: Variables): ElasticsearchConfig | undefined {
  const server = variables.read('ELASTICSEARCH_URL', '', elasticsearchUrl);
  const apiKey = variables.readSecret('ELASTICSEARCH_API_KEY', elasticsearchApiKey);
  const ca = variables.read('ELASTICSEARCH_CA', '', certificates);
  const alias = variables.read('ELASTICSEARCH_ALIAS', 'backline-concerts', indexName);
  if (!server) return undefined;
  if (apiKey !== undefined && server.login)
    variables.faults.push('ELASTICSEARCH_API_KEY and a user in ELASTICSEARCH_URL are two ways to log in; one is allowed');
  return { url: server.url, login: apiKey === undefined ? server.login : { apiKey }, ca, alias };
}

const elasticsearchUrl: Reader<
  (Pick<ElasticsearchConfig, 'url'> & { login: { username: string; password: string } | undefined }) | undefined
> = (value) => {
  if (value === '') return undefined;
  const { protocol, username = '', password = '', origin, pathname = '', search, hash } = URL.parse(value) ?? {};
  const isHttp = protocol === 'http:' || protocol === 'https:';
  if (!isHttp || search !== '' || hash !== '' || !isDecodable(username + password))
    throw new Error('http://host:port or https://user:password@host:port');
  const login = username === '' ? undefined : { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { url: `${origin}${pathname.replace(/\/$/, '')}`, login };
};

/** A % that begins no escape, or one of what is not UTF-8, cannot be decoded. */
function isDecodable(escaped: string): boolean {
  try {
    return decodeURIComponent(escaped) !== undefined;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

/** As Elasticsearch gives it: Base64 of its id and its secret. */
const elasticsearchApiKey: Reader<string | undefined> = (value) => {
  if (value === '') return undefined;
  if (!/^[A-Za-z0-9+/_=-]{8,}$/.test(value)) throw new Error('the encoded key that Elasticsearch answered when it was made');
  return value;
};

const certificates: Reader<string | undefined> = (path) => {
  if (path === '') return undefined;
  const pem = statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'utf8') : '';
  if (!pem.includes('-----BEGIN CERTIFICATE-----'))
    throw new Error('the path of a readable file with certificates in PEM format');
  return pem;
};

/** Indices get a suffix of a few characters; Elasticsearch allows 255 bytes. */
const indexName: Reader<string> = (value) => {
  if (!/^[a-z0-9][a-z0-9_-]{0,99}$/.test(value))
    throw new Error('1 to 100 lower-case letters, digits, - and _, not - or _ first');
  return value;
};
