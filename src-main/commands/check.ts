import { checkIntegrity } from '#main/ledger/check-integrity.ts';
import { customerId } from './arguments.ts';
import type { Command } from './command.ts';

export const checkCommand: Command = {
  name: 'check',
  summary: 'Look for broken rules of the ledger; exit code 1 where there are any',
  usage: '[ID]',
  options: {},
  names: { min: 0, max: 1 },
  async run({ names, openLedger, signal }) {
    const id = names[0] === undefined ? null : customerId(names[0]);
    const broken = await checkIntegrity(await openLedger(), id, signal);
    return {
      data: { ok: broken.length === 0, broken },
      lines:
        broken.length === 0
          ? ['Every rule holds.']
          : [
              ...broken.map(
                (each) => `${each.rule}: ${each.customerId ?? 'all customers'}: ${each.detail}`,
              ),
              `${broken.length.toLocaleString('en')} broken.`,
            ],
      failed: broken.length > 0,
    };
  },
};
