import { readSnapshot } from '#main/database/run-query.ts';
import { getBalance } from '#main/ledger/read-balance.ts';
import { customerId } from './arguments.ts';
import type { Command } from './command.ts';

export const balanceCommand: Command = {
  name: 'balance',
  summary: 'Show one customer’s credits',
  usage: 'ID',
  options: {},
  names: { min: 1, max: 1 },
  async run({ names, openLedger, signal }) {
    const id = customerId(names[0] ?? '');
    const ledger = await openLedger();
    const balance = await readSnapshot(ledger, signal, (run) => getBalance(run, id));
    const { nextExpiry } = balance;
    return {
      data: { customerId: id, ...balance },
      lines: [
        `Available    ${credits(balance.available)}`,
        `Held         ${credits(balance.held)}`,
        `Balance      ${credits(balance.balance)}`,
        `Lifetime     ${credits(balance.lifetime)}`,
        `Next expiry  ${nextExpiry ? `${credits(nextExpiry.amount)} at ${nextExpiry.expiresAt}` : 'none'}`,
      ],
    };
  },
};

function credits(amount: number): string {
  return amount.toLocaleString('en').replace('-', '−');
}
