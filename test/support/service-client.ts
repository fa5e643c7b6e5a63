import { Ajv2020 } from 'ajv/dist/2020.js';
import { HTTP_ERRORS, type HttpErrorCode } from '#main/service/http-errors.ts';
import type { TestService } from './service.ts';

type Json = Record<string, unknown>;
export type OpenApiDocument = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; securitySchemes: Record<string, Json> };
};
export type Operation = {
  operationId: string;
  summary: string;
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; description?: string; schema: Json }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Json }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Json }> }>;
};

export type Answer = { status: number; body: Json; headers: Headers };

export type ServiceClient = {
  document: OpenApiDocument;
  /** What is wrong with the answer of an operation, by the document; undefined where nothing is. */
  wrongWith: (template: string, method: string, answer: Answer) => string | undefined;
  /**
   * Asks, and checks the answer against the document: its status is listed, its body is of the schema, and a refusal's code and
   * status belong together. `/v1/customers/{customer_id}/balance` is filled from `path`.
   */
  call: (
    operation: `${'GET' | 'POST' | 'PUT'} /${string}`,
    path?: Record<string, string>,
    body?: unknown,
    options?: { key?: string; query?: Record<string, string> },
  ) => Promise<Answer>;
};

/** A client that knows the service by its own document only. */
export async function documentedClient(
  service: Pick<TestService, 'url' | 'key'>,
): Promise<ServiceClient> {
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenApiDocument;
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ ...document, $id: 'document' } as Json);

  function wrongWith(template: string, method: string, answer: Answer): string | undefined {
    const { status, body } = answer;
    const response = document.paths[template]?.[method.toLowerCase()]?.responses[status];
    if (!response) return `${status} is not documented`;
    if (response.content?.['application/json']) {
      const pointer = ['paths', template, method.toLowerCase(), 'responses', String(status)]
        .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
        .join('/');
      const $ref = `document#/${pointer}/content/application~1json/schema`;
      const validate = ajv.getSchema($ref) ?? ajv.compile({ $ref });
      if (!validate(body)) return `${JSON.stringify(body)}: ${ajv.errorsText(validate.errors)}`;
    }
    return status >= 400 && template.startsWith('/v1') ? wrongCode(answer) : undefined;
  }

  return {
    document,
    wrongWith,
    async call(operation, path = {}, body, options = {}) {
      const [method = '', template = ''] = operation.split(' ');
      const address = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(path[name] ?? ''),
      );
      const query = options.query ? `?${new URLSearchParams(options.query)}` : '';
      const response = await fetch(`${service.url}${address}${query}`, {
        method,
        headers: {
          authorization: `Bearer ${options.key ?? service.key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer = {
        status: response.status,
        headers: response.headers,
        body: (await response.json()) as Json,
      };
      const wrong = wrongWith(template, method, answer);
      if (wrong !== undefined) throw new Error(`${operation}: ${wrong}`);
      return answer;
    },
  };
}

/** Every refusal has a code of the table, under the code's status, and nothing of the inside. */
export function wrongCode({ status, body }: Pick<Answer, 'status' | 'body'>): string | undefined {
  const known = HTTP_ERRORS[String(body.error) as HttpErrorCode];
  if (known === undefined) return `${status} ${JSON.stringify(body)} has no code of the table`;
  if (known[0] !== status) return `${body.error} under ${status}`;
  return /\bat \w+.*:\d+|SELECT |FST_|node_modules|\.ts\b|postgres/i.test(JSON.stringify(body))
    ? `${JSON.stringify(body)} shows the inside`
    : undefined;
}
