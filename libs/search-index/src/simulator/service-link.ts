import { byService, type ServiceName } from '#config';
import type { CallContract, ReplyOf, RequestOf } from '#contracts';
import { Fault } from '#problem';
import type { Caller, ServiceCallers } from '#rpc';
import { Names, type Network, type Process } from '#simulation';
import type { OwnerService } from './owner-service.js';

/** What refuses a connection does so at once. */
const REFUSED_MS = 1;

interface ServiceLinkParts {
  process: Process;
  network: Network;
  services: Record<ServiceName, OwnerService>;
  /** States that it is told are not older, though they may be older than what it was told of by a feed. */
  freshSince(): number;
}

/** The calls of a process to the services, over the network. */
export function callersOf({ process, network, services, freshSince }: ServiceLinkParts): ServiceCallers {
  const names = new Names();
  const caller = (service: OwnerService): Caller => ({
    call: <C extends CallContract>(contract: C, request: RequestOf<C>, { deadline }: { deadline: number }) => {
      const name = names.next(`${process.name} ${contract.name}`);
      const { promise, resolve, reject } = Promise.withResolvers<ReplyOf<C>>();
      // What answers a process that has died since is nobody's.
      const settle = process.bound((end: () => void) => end());
      const takeBack = process.clock.after(deadline - process.clock.now(), () =>
        reject(new Fault('Timeout', `${service.name} did not answer in time`)),
      );
      const answer = (end: () => void) => {
        takeBack();
        settle(end);
      };
      const receive = () => {
        const reply = service.process.bound((end: () => void) => network.send(`answer to ${name}`, process, () => answer(end)));
        service.answer(name, contract, request, freshSince()).then(
          // As in production: both sides are built from one contract.
          (value) => reply(() => resolve(value as ReplyOf<C>)),
          (error) => reply(() => reject(error)),
        );
      };
      const refuse = () =>
        void process.world.after(REFUSED_MS, () =>
          answer(() => reject(new Fault('Unavailable', `${service.name} is not there`))),
        );
      network.send(name, service.process, receive, refuse);
      return promise;
    },
  });
  return byService((name) => caller(services[name]));
}
