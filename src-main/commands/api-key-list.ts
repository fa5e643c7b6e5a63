import { listKeys } from '../api-keys/list-keys.ts';
import type { Command } from './command.ts';

export const apiKeyListCommand: Command = {
  name: 'api-key list',
  summary: 'List the keys of the HTTP service, those in use first',
  usage: '',
  options: {},
  names: { min: 0, max: 0 },
  async run({ openLedger, signal }) {
    const keys = await listKeys(await openLedger(), signal);
    return {
      data: { keys },
      lines:
        keys.length === 0
          ? ['There are no keys.']
          : keys.map((key) =>
              [
                key.id,
                `${key.prefix}…`,
                key.name,
                key.scopes.join(','),
                `${key.requestsPerSecond}/s`,
                key.lastUsedAt === null ? 'never used' : `last used ${key.lastUsedAt}`,
                ...(key.revokedAt === null ? [] : [`revoked ${key.revokedAt}`]),
              ].join('  '),
            ),
    };
  },
};
