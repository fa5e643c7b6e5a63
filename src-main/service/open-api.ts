import { type FastifyDynamicSwaggerOptions, fastifySwagger } from '@fastify/swagger';
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
} from 'fastify-type-provider-zod';
import { API_KEY_SCOPES, type ApiKeyScope } from '#shared/ipc/api-keys.ts';
import { codesOf, HTTP_ERRORS } from './http-errors.ts';
import type { ApiServer } from './routes/route-context.ts';

type DocumentObject = Extract<
  Parameters<NonNullable<FastifyDynamicSwaggerOptions['transformObject']>>[0],
  { openapiObject: unknown }
>;
type OpenApiDocument = DocumentObject['openapiObject'];

const SCOPE_MEANINGS: Record<ApiKeyScope, string> = {
  read: 'balance, check, usage summary',
  use: 'use features, hold, capture, release',
  report: 'report metered usage',
  customers: 'make customers',
};

const DESCRIPTION = `Spend, hold and look at a customer’s credits.

Amounts are whole credits; ids are strings; instants are ISO 8601 in UTC. Bodies are JSON in UTF-8 with nothing in them that is not described here.

**Keys.** \`Authorization: Bearer cck_…\`. Whoever administers the console makes them (\`npm run cli -- api-key create --name shop\`). Scopes: ${API_KEY_SCOPES.map(
  (scope) => `\`${scope}\` (${SCOPE_MEANINGS[scope]})`,
).join(', ')}. No key can grant credits. A revoked key is refused within five seconds.

**Safe repeats.** What posts takes an \`idempotency_key\`: make it once for each thing that happens, keep it until an answer came, and repeat with the same key where none did. \`Retry-After\` says after how many seconds.

**Errors** are \`{"error": code, "message": …}\`, numbers beside them. A refused call changed nothing.

| status | code | meaning |
|---|---|---|
${Object.entries(HTTP_ERRORS)
  .map(([code, [status, meaning]]) => `| ${status} | \`${code}\` | ${meaning} |`)
  .join('\n')}
`;

const AS_JSON_SCHEMA = {
  zodToJsonConfig: {
    // The format says it; the pattern beside it is a line of calendar nobody reads.
    override({ jsonSchema }: { jsonSchema: { format?: string; pattern?: string } }) {
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  },
};
const objectTransform = createJsonSchemaTransformObject(AS_JSON_SCHEMA);

/** Makes the OpenAPI document of every route that is added after it. */
export async function describeApi(server: ApiServer): Promise<void> {
  await server.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Credit Console: credits for your product',
        description: DESCRIPTION,
        version: '1',
      },
      tags: [
        { name: 'Customers' },
        { name: 'Usage' },
        { name: 'Holds' },
        { name: 'Metered usage' },
        { name: 'Running it' },
      ],
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'A key of the service, cck_….' },
        },
      },
    },
    convertConstToEnum: false,
    transform: createJsonSchemaTransform(AS_JSON_SCHEMA),
    transformObject: (document) => completed(objectTransform(document) as OpenApiDocument),
  });
}

/** Bodies that may be left out, and the headers of refusals, which schemas of bodies cannot say. */
function completed(document: OpenApiDocument): OpenApiDocument {
  const schemas = document.components?.schemas ?? {};
  // What only goes out needs no second form for what comes in.
  for (const name of Object.keys(schemas)) if (/^Refusal\d+Input$/.test(name)) delete schemas[name];
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of [path?.get, path?.put, path?.post]) {
      if (!operation) continue;
      if (operation.operationId === 'receiveStripeEvent') operation.responses = STRIPE_ANSWERS;
      const body = operation.requestBody;
      if (body && 'content' in body && OPTIONAL_BODIES.has(operation.operationId ?? '')) {
        body.required = false;
      }
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        if ('$ref' in response) continue;
        if (isRefusal(response)) response.description = meaningsOf(Number(status));
        response.headers = { ...headersOf(status), ...response.headers };
      }
    }
  }
  return document;
}

function isRefusal(response: object): boolean {
  return JSON.stringify(response).includes('#/components/schemas/Refusal');
}

function meaningsOf(status: number): string {
  return codesOf(status)
    .map((code) => `\`${code}\`: ${HTTP_ERRORS[code][1]}`)
    .join('\n\n');
}

/** Its bodies are bytes and its errors Stripe's to read: no schema of the others fits. */
const STRIPE_ANSWERS = {
  200: { description: 'It is stored; handled soon.' },
  400: { description: 'It is not signed with the secret, or not for this workspace.' },
  413: { description: 'It is larger than 1 MB.' },
  500: { description: 'It could not be stored: Stripe sends it again.' },
};

const OPTIONAL_BODIES = new Set(['capture', 'release']);

type Headers = Record<string, { description: string; schema: { type: 'string' | 'integer' } }>;

function headersOf(status: string): Headers {
  const headers: Headers = {
    'x-request-id': {
      description: 'Finds the request in the service’s log.',
      schema: { type: 'string' },
    },
  };
  if (status === '401') {
    headers['www-authenticate'] = { description: 'Bearer', schema: { type: 'string' } };
  }
  if (status === '429' || status === '503') {
    headers['retry-after'] = {
      description: 'Seconds after which to try again.',
      schema: { type: 'integer' },
    };
  }
  return headers;
}
