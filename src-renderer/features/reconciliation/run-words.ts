import { formatCreditsInWords, formatQuantity } from '#renderer/format/credits.ts';
import type { CustomerTab } from '#renderer/navigation/paths.ts';
import type { Finding, FindingBucket, ReconciliationRun } from '#shared/ipc/reconciliation.ts';

type Tone = 'neutral' | 'good' | 'warning' | 'bad';
/** What is compared, in the order it is. */
export const COMPARED = ['sessions', 'invoices', 'refunds', 'disputes', 'ledger', 'usage'] as const;
export type Compared = (typeof COMPARED)[number];

const COMPARED_WORDS: Record<Compared, { name: string; one: string; many: string }> = {
  sessions: { name: 'Paid checkouts', one: 'paid checkout', many: 'paid checkouts' },
  invoices: { name: 'Paid invoices', one: 'paid invoice', many: 'paid invoices' },
  refunds: { name: 'Refunds', one: 'refund', many: 'refunds' },
  disputes: { name: 'Disputes', one: 'dispute', many: 'disputes' },
  ledger: {
    name: 'Ledger’s others',
    one: 'other payment of the ledger',
    many: 'other payments of the ledger',
  },
  usage: { name: 'Metered periods', one: 'metered period', many: 'metered periods' },
};

/** The name of what is compared, for a heading: "Paid checkouts". */
export function comparedName(compared: Compared): string {
  return COMPARED_WORDS[compared].name;
}

/** "1,204 paid checkouts", "1 refund". */
export function comparedCount(compared: Compared, count: number): string {
  const { one, many } = COMPARED_WORDS[compared];
  return formatQuantity(count, one, many);
}

/** Where the run is in what it compares: done with it, at it, or not there yet. */
export function stepOf(run: ReconciliationRun, compared: Compared): 'done' | 'now' | 'to_come' {
  if (run.phase === 'done') return 'done';
  const distance = COMPARED.indexOf(compared) - COMPARED.indexOf(run.phase);
  if (distance === 0) return 'now';
  return distance < 0 ? 'done' : 'to_come';
}

const STATES: Record<ReconciliationRun['state'], { label: string; tone: Tone }> = {
  running: { label: 'Running', tone: 'neutral' },
  paused: { label: 'Paused', tone: 'warning' },
  done: { label: 'Done', tone: 'good' },
  failed: { label: 'Stopped', tone: 'bad' },
};

/** How a run stands: a word and how it is to be taken. */
export function runStateWords(state: ReconciliationRun['state']) {
  return STATES[state];
}

/** How a run stands, as a sentence. */
export function runSentence(run: ReconciliationRun): string {
  switch (run.state) {
    case 'running':
      return `Comparing ${phaseWords(run)} …`;
    case 'paused':
      return `Paused while comparing ${phaseWords(run)}. It goes on where it stopped.`;
    case 'failed':
      return `Stopped while comparing ${phaseWords(run)}. What was compared is kept: resuming goes on from there.`;
    case 'done':
      return doneSentence(run);
  }
}

function phaseWords({ phase }: ReconciliationRun): string {
  return phase === 'done' ? 'what was found once more' : COMPARED_WORDS[phase].many;
}

function doneSentence({ findings, openFindings }: ReconciliationRun): string {
  if (findings === 0) return 'Stripe and the ledger agree.';
  if (openFindings === 0) {
    return findings === 1
      ? 'The one difference is repaired: Stripe and the ledger agree.'
      : `All ${formatQuantity(findings, 'difference')} are repaired: Stripe and the ledger agree.`;
  }
  const repaired = findings - openFindings;
  const open = formatQuantity(openFindings, 'difference');
  const are = openFindings === 1 ? 'is' : 'are';
  return repaired === 0
    ? `${open} ${are} open.`
    : `${open} ${are} open, ${repaired.toLocaleString('en')} ${repaired === 1 ? 'is' : 'are'} repaired.`;
}

const BUCKETS: Record<FindingBucket, { label: string; sentence: string }> = {
  missing_grant: {
    label: 'Missing grant',
    sentence: 'Paid in Stripe, and the ledger granted nothing for it.',
  },
  double_grant: { label: 'Double grant', sentence: 'Paid once, and granted more than once.' },
  orphan_grant: {
    label: 'Orphan grant',
    sentence: 'Granted as paid, and Stripe has no such payment.',
  },
  unclawed_refund: {
    label: 'Unclawed refund',
    sentence: 'Money went back, and its credits were not taken.',
  },
  amount_differs: {
    label: 'Amount differs',
    sentence: 'Both sides know it, with other credits or another customer.',
  },
  usage_differs: {
    label: 'Usage differs',
    sentence: 'Stripe’s summary of a meter is not what was reported.',
  },
};

/** What a kind of difference is called, and what it means in a sentence. */
export function bucketWords(bucket: FindingBucket) {
  return BUCKETS[bucket];
}

/** A difference in a few words, as a name for its row: "Missing grant, Ada Lovelace", "Usage differs, Ada Lovelace, tokens". */
export function findingName(finding: Finding): string {
  const meter = finding.usage === null ? '' : `, ${finding.usage.eventName}`;
  return `${BUCKETS[finding.bucket].label}, ${customerOf(finding)}${meter}`;
}

/** Whose difference it is: name, id, or that nobody is known. */
export function customerOf({ customerName, customerId }: Finding): string {
  return customerName ?? customerId ?? 'no known customer';
}

/** Where the window shows the customer's side of a difference. */
export function customerTabOf({ usage }: Finding): CustomerTab {
  return usage === null ? 'transactions' : 'metered';
}

/** Credits that may not be known: "500 credits", "not known". */
export function creditsOrNone(credits: number | null): string {
  return credits === null ? 'not known' : formatCreditsInWords(credits);
}
