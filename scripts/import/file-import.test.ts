import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { bandCalls, type RequestOf } from '#contracts';
import { Fault } from '#problem';
import { Answers, RpcServer } from '#rpc';
import { importFile } from './file-import.js';
import { KnownIds } from './references.js';
import { Report } from './report.js';
import { ServiceClients } from './service-clients.js';

/** A service that is stricter than its schema: it refuses names with a question mark, the first of each request. */
@Controller()
class StrictBands {
  @Answers(bandCalls.upsert)
  upsert({ rows }: RequestOf<typeof bandCalls.upsert>) {
    const at = rows.findIndex(({ name }) => name.includes('?'));
    if (at === -1) return { items: rows.map((_, id) => ({ id: id + 1, outcome: 'created' as const })) };
    const fields = [{ parameter: `/rows/${at}/name`, code: 'question', detail: 'must not ask' }];
    throw new Fault('ValidationError', 'the request is not as its contract says', { fields });
  }
}

@Module({ controllers: [StrictBands] })
class StrictBandsModule {}

test('rows that only the service refuses are faults of theirs, and the others are imported', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backline-import-'));
  const path = join(folder, 'bands.csv');
  await writeFile(path, 'name\nA\nWho?\nB\nWhat?\nC\n');
  const server = new RpcServer({ host: '127.0.0.1', port: 0 });
  const service = await NestFactory.createMicroservice(StrictBandsModule, { strategy: server, logger: false });
  await service.listen();
  const address = { host: '127.0.0.1', port: server.address().port };
  const signal = AbortSignal.timeout(10_000);
  const clients = new ServiceClients({ bands: address, venues: address, events: address, concerts: address }, signal);
  const report = new Report();
  try {
    const known = new KnownIds(async () => []);
    await importFile(
      { path, kind: 'bands', format: 'csv', bytes: 0 },
      { clients, known, report, onBytes: () => undefined, signal },
    );
  } finally {
    clients.close();
    await service.close();
    await rm(folder, { recursive: true });
  }
  expect(report.toString()).toMatch(/bands +5 +3 +0 +0 +2 +0\n/);
  expect(report.toString()).toContain(`${path}:3: name must not ask\n${path}:5: name must not ask`);
});
