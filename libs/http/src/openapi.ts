import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { VERSION } from '#config';
import { PROBLEM_MEDIA_TYPE } from '#problem';
import { parseQuery } from './parameters.js';

/** What an OpenAPI document begins with, and what it shows. */
export interface ApiDescription {
  title: string;
  description: string;
  examples?: readonly Example[];
  /** How a bearer token is come by, where operations need one. */
  bearerToken?: string;
}

/** The OpenAPI document at /openapi.json and /api-json, and Swagger UI, from its own files, at /api, where `/` leads. */
export function addOpenApi(
  app: NestFastifyApplication,
  { title, description, examples = [], bearerToken }: ApiDescription,
): void {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(title)
    .setDescription(description)
    .setVersion(VERSION)
    .setLicense('MIT', 'https://spdx.org/licenses/MIT.html');
  if (bearerToken !== undefined) builder.addBearerAuth({ type: 'http', scheme: 'bearer', description: bearerToken });
  const document = SwaggerModule.createDocument(app, builder.build());
  for (const example of examples) addExample(document, example);
  SwaggerModule.setup('api', app, document, { jsonDocumentUrl: 'api-json', raw: ['json'] });
  const text = JSON.stringify(document);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/openapi.json', async (_, reply) => reply.type('application/json; charset=utf-8').send(text));
  fastify.get('/', async (_, reply) => reply.redirect('/api'));
}

/** A request and its real answer, recorded over the demo's concerts; `npm run examples` records them anew. */
interface Example {
  /** The path as the document has it, such as /bands/{id}. */
  path: string;
  /** What was asked: the address, and the body of a POST. */
  request: string;
  body?: object;
  status: number;
  answer: unknown;
}

/** Puts an answer into the document, and what it was asked with into the parameters, ready to be tried out. */
function addExample({ paths }: OpenAPIObject, { path, request, body, status, answer }: Example): void {
  const operation = body ? paths[path]?.post : paths[path]?.get;
  if (!operation) throw new Error(`there is an example of ${path}, but no such path`);
  const response = operation.responses[status];
  const content = response && 'content' in response ? response.content : undefined;
  const media = content?.[status === 200 ? 'application/json' : PROBLEM_MEDIA_TYPE];
  if (media) media.example = answer;
  if (status !== 200) return;
  const { requestBody } = operation;
  const bodyMedia = requestBody && 'content' in requestBody ? requestBody.content['application/json'] : undefined;
  if (bodyMedia && body) bodyMedia.example = body;
  const given = givenIn(path, request);
  for (const parameter of operation.parameters ?? []) {
    if ('name' in parameter && given[parameter.name] !== undefined) parameter.example = given[parameter.name]?.[0];
  }
}

/** The parameters that a request has, in its path and in its query. */
function givenIn(template: string, request: string): Record<string, string[]> {
  const { pathname, search } = new URL(request, 'http://gateway');
  const steps = pathname.split('/');
  const id = steps[template.split('/').indexOf('{id}')];
  return { ...parseQuery(search.slice(1)), ...(id !== undefined && { id: [id] }) };
}
