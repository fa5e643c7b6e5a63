import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatDay } from '#renderer/format/time.ts';
import { lastSpendableDay } from './expiry.ts';
import type { ActWords, LedgerAct, LedgerActName } from './ledger-act.ts';

/** What a form is called, and its button as long as the fields do not make an act. */
export const ACT_TITLES: Record<LedgerActName, { title: string; button: string }> = {
  grant: { title: 'Grant credits', button: 'Grant credits' },
  adjustDown: { title: 'Adjust down', button: 'Take away credits' },
  reverse: { title: 'Reverse a transaction', button: 'Reverse credits' },
  extendGrant: { title: 'Extend an expiry', button: 'Extend expiry' },
  releaseHold: { title: 'Release a hold', button: 'Release credits' },
};

/**
 * Words for an act. `credits` is how many it is about (for a whole reversal, what is left of the transaction);
 * `customer` is the name to tell the person with.
 */
export function actWords(
  act: LedgerAct,
  options: { credits: number; customer: string; timeZone: string },
): ActWords {
  const { customer, timeZone } = options;
  const amount = formatCreditsInWords(options.credits);
  return { customer, ...phrases(act, { amount, customer, timeZone }) };
}

function phrases(
  act: LedgerAct,
  words: { amount: string; customer: string; timeZone: string },
): Pick<ActWords, 'button' | 'done'> {
  const { amount, customer, timeZone } = words;
  switch (act.act) {
    case 'grant':
      return { button: `Grant ${amount}`, done: `Granted ${amount} to ${customer}` };
    case 'adjustDown':
      return { button: `Take away ${amount}`, done: `Took ${amount} away from ${customer}` };
    case 'reverse':
      return { button: `Reverse ${amount}`, done: `Reversed ${amount} of ${customer}` };
    case 'extendGrant': {
      const day = formatDay(lastSpendableDay(act.expiresAt, timeZone));
      return {
        button: `Extend ${amount} to ${day}`,
        done: `Extended ${amount} of ${customer} to ${day}`,
      };
    }
    case 'releaseHold':
      return { button: `Release ${amount}`, done: `Released ${amount} to ${customer}` };
  }
}
