import type { Transaction } from '#shared/ipc/vocabulary.ts';

/**
 * Whether it makes sense to offer a reversal of this row. The ledger decides; the form shows what it says. A
 * reversal has no reversal of its own, and what was reversed whole has nothing left.
 */
export function mayBeReversible(
  transaction: Pick<Transaction, 'type' | 'amount' | 'reversed'>,
): boolean {
  return transaction.type !== 'reversal' && transaction.reversed < Math.abs(transaction.amount);
}
