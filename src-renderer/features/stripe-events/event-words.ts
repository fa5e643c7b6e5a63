import type { EventState } from '#shared/ipc/stripe.ts';

const STATES: Record<EventState, { label: string; tone: 'neutral' | 'good' | 'warning' | 'bad' }> =
  {
    received: { label: 'Waiting', tone: 'neutral' },
    handled: { label: 'Handled', tone: 'good' },
    ignored: { label: 'Not ours', tone: 'neutral' },
    failed: { label: 'Tried again later', tone: 'warning' },
    refused: { label: 'Needs a person', tone: 'bad' },
  };

/** How an event stands: a word and how it is to be taken. */
export function eventStateWords(state: EventState) {
  return STATES[state];
}
