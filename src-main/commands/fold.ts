import { foldRollUps } from '#main/ledger/roll-ups.ts';
import type { Command } from './command.ts';

export const foldCommand: Command = {
  name: 'fold',
  summary: 'Add what the log gained to the roll-ups of the usage screen',
  usage: '',
  options: {},
  names: { min: 0, max: 0 },
  async run({ openLedger }) {
    const folded = await foldRollUps(await openLedger());
    return {
      data: { folded },
      lines: [
        `${folded.toLocaleString('en')} ${folded === 1 ? 'transaction' : 'transactions'} folded.`,
      ],
    };
  },
};
