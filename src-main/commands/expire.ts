import { expireCredits } from '#main/ledger/expire-credits.ts';
import type { Command } from './command.ts';

export const expireCommand: Command = {
  name: 'expire',
  summary: 'Write off credits that are due to expire, and close holds that are',
  usage: '',
  options: {},
  names: { min: 0, max: 0 },
  async run({ openLedger, signal }) {
    const ledger = await openLedger();
    const expired = await expireCredits(ledger, ledger.author, signal);
    return {
      data: { expired },
      lines: [`${expired.toLocaleString('en')} ${expired === 1 ? 'grant' : 'grants'} expired.`],
    };
  },
};
