import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { VERSION } from '#config';

const DESCRIPTION =
  'Concerts by band or by place. Lists are JSON arrays, newest first; errors are problem documents (RFC 9457); ' +
  'a long answer is continued by its `next` link (RFC 8288); every GET has an ETag.';

/** The OpenAPI document at /openapi.json and /api-json, and Swagger UI, from its own files, at /api. */
export function addOpenApi(app: NestFastifyApplication): void {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Backline')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .setLicense('MIT', 'https://spdx.org/licenses/MIT.html')
    .build();
  const document = SwaggerModule.createDocument(app, description);
  SwaggerModule.setup('api', app, document, { jsonDocumentUrl: 'api-json', raw: ['json'] });
  const fastify = app.getHttpAdapter().getInstance();
  const text = JSON.stringify(document);
  fastify.get('/openapi.json', async (_, reply) => reply.type('application/json; charset=utf-8').send(text));
}
