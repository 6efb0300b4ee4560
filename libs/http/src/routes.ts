import type { FastifyInstance } from 'fastify';

/** The routes that a server has, noted as they are added. */
export class Routes {
  private readonly routes: { method: string; path: RegExp }[] = [];

  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ method, url }) => {
      if (url === '*') return; // CORS takes every path, which does not make it one
      const path = new RegExp(
        `^${url
          .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
          .replace(/:\w+/g, '[^/]+')
          .replace(/\\\*/g, '.*')}$`,
      );
      for (const one of [method].flat()) this.routes.push({ method: one, path });
    });
  }

  methodsOf(path: string): string[] {
    return [...new Set(this.routes.filter((route) => route.path.test(path)).map(({ method }) => method))].sort();
  }
}
