import type { Static, TSchema } from 'typebox';

/** A call between services: its name on the wire, and the schemas of what is sent and answered. */
export interface CallContract<Request extends TSchema = TSchema, Reply extends TSchema = TSchema> {
  readonly name: string;
  readonly request: Request;
  readonly reply: Reply;
}

export type RequestOf<C extends CallContract> = Static<C['request']>;
export type ReplyOf<C extends CallContract> = Static<C['reply']>;

/**
 * A reply that is a list has the list in `items`: the transport cuts it there into messages, however long it is.
 */
export const defineCall = <Request extends TSchema, Reply extends TSchema>(
  name: string,
  request: Request,
  reply: Reply,
): CallContract<Request, Reply> => ({ name, request, reply });
