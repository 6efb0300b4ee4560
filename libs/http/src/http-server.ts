import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyHttpOptions, FastifyInstance, FastifyRequest } from 'fastify';
import { Fault, PROBLEM_MEDIA_TYPE, toProblem } from '#problem';
import { faultOf, sendProblem } from './problem-filter.js';

/** A body: 2,000 ids of each kind and a polygon to come are a fraction of it. */
const MAX_BODY_BYTES = 256 * 1_024;
/** A URL: 2,000 ids of ten digits are 22 KB. */
const MAX_URL_BYTES = 48 * 1_024;
const MAX_HEADER_BYTES = 64 * 1_024;
/** What the parser reads of URL and headers before it gives up by itself. */
const PARSER_LIMIT_BYTES = 256 * 1_024;
/** A client that has not sent a whole request by then is too slow to wait for. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** A connection on which nothing moves for so long is closed: a client that does not read its answer, or has gone. */
const CONNECTION_TIMEOUT_MS = 75_000;
/** How often slow clients are looked for. */
const TIMEOUT_CHECK_MS = 2_000;
/** Connections at once; each holds some memory even when it says nothing. */
const MAX_CONNECTIONS = 10_000;

/** How the HTTP server itself bounds and refuses, always with a problem document. */
export function httpServerOptions(): FastifyHttpOptions<Server> {
  return {
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_URL_BYTES },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    http: {
      // More than both may have, so that which of the two is too long can be told when they have been read.
      maxHeaderSize: PARSER_LIMIT_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      requireHostHeader: false,
    },
    clientErrorHandler: (error, socket) => answerUnreadable(error, socket),
    frameworkErrors: (error, request, reply) => sendProblem(reply, faultOf(error), request.url),
  };
}

/** What the HTTP server itself would answer without a body, and how many connections it holds. */
export function guardServer(fastify: FastifyInstance): void {
  fastify.server.maxConnections = MAX_CONNECTIONS;
  fastify.server.on('checkExpectation', (_, response: ServerResponse) => answerExpectation(response));
  fastify.server.on('connect', (_, socket) => {
    socket.on('error', () => socket.destroy()); // from here on the server itself no longer looks after it
    endWith(socket, new Fault('MethodNotAllowed', 'this server is no proxy'));
  });
}

/** @throws Fault UriTooLong or HeaderFieldsTooLarge */
export function refuseTooLong({ url, raw }: FastifyRequest): void {
  if (url.length > MAX_URL_BYTES)
    throw new Fault(
      'UriTooLong',
      `a URL may be ${MAX_URL_BYTES} bytes long, this one has ${url.length}; the body of a search takes long lists`,
    );
  const headerBytes = raw.rawHeaders.reduce((sum, text) => sum + text.length + 2, 0);
  if (headerBytes > MAX_HEADER_BYTES)
    throw new Fault(
      'HeaderFieldsTooLarge',
      `all headers together may be ${MAX_HEADER_BYTES} bytes long, these are ${headerBytes}`,
    );
}

interface ParserError extends Error {
  code?: string;
  rawPacket?: unknown;
  bytesParsed?: number;
}

/** What the HTTP parser refuses has no request yet: the answer is written to the bare socket. */
function answerUnreadable(error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  endWith(socket, unreadableFault(error));
}

function endWith(socket: Duplex, fault: Fault): void {
  const problem = toProblem(fault, '');
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n${body}`,
  );
}

function unreadableFault({ code, rawPacket, bytesParsed }: ParserError): Fault {
  if (code === 'HPE_HEADER_OVERFLOW') {
    // Still without the end of a line, what overflowed was the URL.
    return Buffer.isBuffer(rawPacket) && !rawPacket.subarray(0, bytesParsed).includes('\n')
      ? new Fault('UriTooLong', `a URL may be ${MAX_URL_BYTES} bytes long`)
      : new Fault('HeaderFieldsTooLarge', `all headers together may be ${MAX_HEADER_BYTES} bytes long`);
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Fault('RequestTimeout', 'the request was not complete in time');
  return new Fault('ValidationError', 'the request is not well-formed HTTP/1.1');
}

function answerExpectation(response: ServerResponse): void {
  const problem = toProblem(new Fault('ExpectationFailed', 'only "Expect: 100-continue" can be met'), '');
  const body = Buffer.from(JSON.stringify(problem));
  const headers = { 'content-type': PROBLEM_MEDIA_TYPE, 'content-length': body.length, connection: 'close' };
  response.writeHead(problem.status, headers).end(body);
}
