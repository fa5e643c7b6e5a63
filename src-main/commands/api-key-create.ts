import {
  API_KEY_SCOPES,
  type ApiKeyScope,
  apiKeyScopesSchema,
  DEFAULT_API_KEY_SCOPES,
  DEFAULT_REQUESTS_PER_SECOND,
  requestsPerSecondSchema,
} from '#shared/ipc/api-keys.ts';
import { requiredText } from '#shared/text.ts';
import { makeKey } from '../api-keys/make-key.ts';
import { UsageError, wholeNumber } from './arguments.ts';
import type { Command } from './command.ts';

export const apiKeyCreateCommand: Command = {
  name: 'api-key create',
  summary: 'Make a key for the HTTP service, and print it this once',
  usage: '--name NAME [--scopes LIST] [--requests-per-second N]',
  options: {
    name: { value: 'NAME', help: 'who uses it, such as shop' },
    scopes: {
      value: 'LIST',
      help: `what it may do, of ${API_KEY_SCOPES.join(', ')} (default ${DEFAULT_API_KEY_SCOPES.join(',')})`,
    },
    'requests-per-second': {
      value: 'N',
      help: `at most, at one service (default ${DEFAULT_REQUESTS_PER_SECOND})`,
    },
  },
  names: { min: 0, max: 0 },
  notes:
    'The key is stored nowhere: keep it where the product keeps its secrets. No key can grant credits. Needs a login that is a member of credits_admin.',
  async run({ options, openLedger }) {
    const rights = {
      name: nameOf(options.name),
      scopes: scopesOf(options.scopes),
      requestsPerSecond: rateOf(options['requests-per-second']),
    };
    const ledger = await openLedger();
    const { key, apiKey } = await makeKey(ledger, ledger.author.actor, rights);
    return {
      data: { key, ...apiKey },
      lines: [
        key,
        '',
        `Id      ${apiKey.id}`,
        `Scopes  ${apiKey.scopes.join(', ')}`,
        'This is the only time the key is shown.',
      ],
    };
  },
};

function nameOf(text: string | undefined): string {
  if (text === undefined) throw new UsageError('--name is missing.');
  const parsed = requiredText(100).safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError('--name: a name has 1 to 100 characters of plain text.');
}

function scopesOf(text: string | undefined): readonly ApiKeyScope[] {
  if (text === undefined) return DEFAULT_API_KEY_SCOPES;
  const parsed = apiKeyScopesSchema.safeParse(text.split(',').map((scope) => scope.trim()));
  if (parsed.success) return parsed.data;
  throw new UsageError(
    `--scopes: a list of ${API_KEY_SCOPES.join(', ')}, each once, with commas between them.`,
  );
}

function rateOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_REQUESTS_PER_SECOND;
  const parsed = requestsPerSecondSchema.safeParse(wholeNumber('requests-per-second', text, 1));
  if (parsed.success) return parsed.data;
  throw new UsageError('--requests-per-second: from 1 to 100,000.');
}
