import { formatCredits, formatCreditsInWords, formatQuantity } from '#renderer/format/credits.ts';
import type {
  Alert,
  AlertKind,
  Delivery,
  DeliveryState,
  NotificationChannel,
} from '#shared/ipc/alerts.ts';

type Tone = 'neutral' | 'good' | 'warning' | 'bad';

const LEVELS: Record<AlertKind, { label: string; tone: Tone; sentence: string }> = {
  low: { label: 'Low', tone: 'warning', sentence: 'The balance is below the threshold.' },
  empty: { label: 'Empty', tone: 'bad', sentence: 'The balance is zero or below.' },
};

/** What a level is called, how it looks, and what it means in one sentence. */
export function levelWords(level: AlertKind) {
  return LEVELS[level];
}

type Threshold = Pick<Alert, 'threshold' | 'thresholdFrom'>;

const ORIGINS: Record<Alert['thresholdFrom'], { word: string; phrase: string }> = {
  customer: { word: 'own', phrase: 'set for this customer' },
  plan: { word: 'plan', phrase: 'as the plan says' },
  workspace: { word: 'workspace', phrase: 'as the workspace says' },
};

/** A threshold and whose it is, for a column: "10, workspace". */
export function thresholdText({ threshold, thresholdFrom }: Threshold): string {
  return `${formatCredits(threshold)}, ${ORIGINS[thresholdFrom].word}`;
}

/** What a threshold means, and whose it is: "Low below 10 credits, as the workspace says". */
export function thresholdSentence({ threshold, thresholdFrom }: Threshold): string {
  const { phrase } = ORIGINS[thresholdFrom];
  return threshold === 0
    ? `Never low, only empty; ${phrase}`
    : `Low below ${formatCreditsInWords(threshold)}, ${phrase}`;
}

const CHANNELS: Record<NotificationChannel, { label: string; one: string }> = {
  email: { label: 'E-mail', one: 'The e-mail' },
  webhook: { label: 'Webhook', one: 'The webhook' },
};

/** What a channel is called, and a message over it at the beginning of a sentence. */
export function channelWords(channel: NotificationChannel) {
  return CHANNELS[channel];
}

const STATES: Record<DeliveryState, { label: string; word: string; tone: Tone }> = {
  queued: { label: 'Waiting', word: 'waits', tone: 'neutral' },
  sent: { label: 'Sent', word: 'sent', tone: 'good' },
  suppressed: { label: 'Suppressed', word: 'suppressed', tone: 'neutral' },
  failed: { label: 'Not sent', word: 'not sent', tone: 'bad' },
};

/** What a state of a delivery is called, as a filter. */
export function deliveryStateLabel(state: DeliveryState): string {
  return STATES[state].label;
}

/** How a delivery stands: a word alone, the channel with its word ("E-mail sent"), a tone, and the reason or what comes next. */
export function deliveryWords(delivery: Delivery): {
  label: string;
  short: string;
  tone: Tone;
  why: string;
} {
  const { channel, state, attempts } = delivery;
  const isTriedAgain = state === 'queued' && attempts > 0;
  const { label, word, tone } = STATES[state];
  return {
    label: isTriedAgain ? 'Trying again' : label,
    short: `${CHANNELS[channel].label} ${isTriedAgain ? 'is tried again' : word}`,
    tone: isTriedAgain ? 'warning' : tone,
    why: whyOf(delivery),
  };
}

function whyOf({ state, attempts, reason }: Delivery): string {
  if (reason !== null) return reason;
  if (state !== 'queued') return '';
  return attempts === 0
    ? 'It waits to be sent.'
    : `${formatQuantity(attempts, 'attempt')} did not go through.`;
}

/** Whether a delivery can be queued once more. */
export function canSendAgain({ state }: Delivery): boolean {
  return state === 'failed' || state === 'suppressed';
}

/** A delivery in a line, with its reason where it is not sent: "Webhook not sent: The host answered 500." */
export function deliveryText(delivery: Delivery): string {
  const { short } = deliveryWords(delivery);
  return delivery.reason === null || delivery.state === 'sent'
    ? short
    : `${short}: ${delivery.reason}`;
}

/** Every delivery in one line: "E-mail sent · Webhook waits". */
export function deliveriesText(deliveries: readonly Delivery[]): string {
  return deliveries.length === 0 ? NO_CHANNEL : deliveries.map(deliveryText).join(' · ');
}

/** Said where a notification has no delivery. */
export const NO_CHANNEL = 'No channel was on';
