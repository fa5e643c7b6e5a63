import { z } from 'zod';
import { revokeKey } from '../api-keys/revoke-key.ts';
import { UsageError } from './arguments.ts';
import type { Command } from './command.ts';

export const apiKeyRevokeCommand: Command = {
  name: 'api-key revoke',
  summary: 'Revoke a key of the HTTP service for good',
  usage: 'ID',
  options: {},
  names: { min: 1, max: 1 },
  notes:
    'Services refuse the key within five seconds. Needs a login that is a member of credits_admin.',
  async run({ names, openLedger }) {
    const parsed = z.uuid().safeParse(names[0]);
    if (!parsed.success) {
      throw new UsageError('That is not the id of a key. api-key list shows the ids.');
    }
    const ledger = await openLedger();
    const apiKey = await revokeKey(ledger, ledger.author.actor, parsed.data);
    return {
      data: { ...apiKey },
      lines: [`${apiKey.name} (${apiKey.prefix}…) was revoked at ${apiKey.revokedAt}.`],
    };
  },
};
