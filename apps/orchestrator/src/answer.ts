import type { FastifyReply } from 'fastify';
import Type from 'typebox';
import { ConcertOutput, Id, partNames, toChangeToken, Version, type WrittenConcert, type WrittenVersion } from '#contracts';
import { sendProblem, sendRecord, versionETag } from '#http';
import { Fault } from '#problem';
import { concertDetail, concertETag } from '#read-model';
import type { Execution, Json } from '#saga';
import { compiled } from './compiled.js';
import { failureOf } from './failure.js';

/** Answers a write as its execution is: the same execution is always answered with the same bytes. */
export function sendExecution(reply: FastifyReply, execution: Execution): void {
  reply.header('cache-control', 'no-store');
  if (execution.status === 'RUNNING') sendRunning(reply, execution);
  else if (execution.status === 'SUCCEEDED') sendSuccess(reply, execution);
  else sendProblem(reply, failureOf(execution), instanceOf(execution));
}

function sendSuccess(reply: FastifyReply, execution: Execution): void {
  const [verb, name] = execution.stateMachine.split('-');
  const kind = kindOf(name);
  if (verb === 'delete') {
    reply.header('change-token', toChangeToken([{ kind, ...deletedBy(execution) }]));
    void reply.code(204).send();
    return;
  }
  const { record, etag, created } = writtenBy(execution);
  reply.header('change-token', toChangeToken([{ kind, id: record.id, version: record.version }, ...created]));
  if (verb === 'create') reply.code(201).header('location', `/${kind}s/${record.id}`);
  sendRecord(reply, record, etag);
}

/** Where an execution is looked at, and that it goes on. */
export function sendRunning(reply: FastifyReply, { id, status, stateMachine }: Execution): void {
  reply.code(202).header('location', `/executions/${id}`);
  sendRecord(reply, { execution: { id, status, stateMachine } }, undefined);
}

const concertOutput = compiled(ConcertOutput);
/** Any record, with what its answer is headed by. */
const stored = compiled(Type.Object({ id: Id, version: Version }));
/** What is left of a record. */
const tombstone = compiled(Type.Object({ version: Version }));

interface Written {
  record: { id: number; version: number };
  etag: string;
  /** The parts of a concert that were made with it, as they are. */
  created: WrittenVersion[];
}

function writtenBy({ id, stateMachine, output }: Execution): Written {
  const [isConcertOutput, isStored] = [concertOutput(), stored()];
  if (isConcertOutput(output)) return { record: writtenConcert(output), etag: concertETag(output), created: partsMadeBy(output) };
  if (isStored(output)) return { record: output, etag: versionETag(output), created: [] };
  throw new Fault('Internal', `the execution ${id} succeeded with what ${stateMachine} does not write`);
}

/** Which record it deleted, and the version that this was: a delete answers with nothing else. */
function deletedBy({ id, stateMachine, request, output }: Execution): { id: number; version: number } {
  const isTombstone = tombstone();
  const [, , recordId = ''] = String(asObject(request).path).split('/');
  // As it was sent: a digit may be written as an escape.
  if (isTombstone(output)) return { id: Number(decodeURIComponent(recordId)), version: output.version };
  throw new Fault('Internal', `the execution ${id} succeeded with what ${stateMachine} does not write`);
}

function writtenConcert(output: ConcertOutput): WrittenConcert {
  const { band, venue, event } = output.created;
  const made = { band, venue, event };
  return { ...concertDetail(output), created: partNames.filter((name) => made[name]) };
}

const partsMadeBy = ({ created, ...parts }: ConcertOutput): WrittenVersion[] =>
  partNames.flatMap((kind) => {
    const part = parts[kind];
    return created[kind] && part ? [{ kind, id: part.id, version: part.version }] : [];
  });

const kindOf = (name: string | undefined): WrittenVersion['kind'] => partNames.find((one) => one === name) ?? 'concert';

/** The address that a failed request was sent to, without a parameter that says what goes without saying. */
function instanceOf({ request }: Execution): string {
  const { path, query } = asObject(request);
  return `${String(path)}${asObject(query).cascade === 'true' ? '?cascade=true' : ''}`;
}

const asObject = (value: Json | undefined): { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
