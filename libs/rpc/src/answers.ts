import { applyDecorators, Catch, type RpcExceptionFilter, UseFilters } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { type Observable, throwError } from 'rxjs';
import type { CallContract, ReplyOf, RequestOf } from '#contracts';
import { assertInTime } from '#problem';
import type { CallContext } from './call-context.js';

type Answer<C extends CallContract> = (request: RequestOf<C>, context: CallContext) => ReplyOf<C> | Promise<ReplyOf<C>>;

/** Hands errors on as they are: Nest's own filter would replace each by "Internal server error" before it is read. */
@Catch()
class HandOn implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * Makes a method of a controller the answer to a call: `(request, context) => reply`, or a promise of it. The request
 * has been checked against the contract; what is thrown reaches the caller as a fault. A method that does not fit the
 * contract does not compile.
 */
export function Answers<C extends CallContract>(contract: C) {
  return (target: object, key: string, descriptor: { value?: Answer<C> }): void => {
    const method = descriptor.value;
    if (!method) throw new TypeError(`@Answers belongs on a method, which ${key} is not`);
    descriptor.value = function answerInTime(this: unknown, request, context) {
      assertInTime(context.deadline);
      return method.call(this, request, context);
    };
    Payload()(target, key, 0);
    Ctx()(target, key, 1);
    applyDecorators(MessagePattern(contract.name, { contract }), UseFilters(HandOn))(target, key, descriptor);
  };
}
