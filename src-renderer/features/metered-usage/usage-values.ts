import {
  type ActReason,
  type ReasonValues,
  readReason,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatUnits } from '#renderer/format/metering.ts';
import type { Meter } from '#shared/ipc/metering.ts';
import { parseUnits } from '#shared/units.ts';
import type { FieldReading } from './KeyedForm.tsx';
import { readOccurredAt } from './occurred-at.ts';

export type UsageValues = ReasonValues & {
  eventName: string;
  quantity: string;
  when: 'now' | 'at';
  /** A day and a time of day in the console's time zone, as an input of type datetime-local writes them. */
  occurredAt: string;
};

export type UsageAct = {
  eventName: string;
  quantity: number;
  /** Null: now. */
  occurredAt: string | null;
  reason: ActReason;
};

type QuantityReading = { ok: true; quantity: number } | { ok: false; why: string };

/** Reads whole units as a person typed them, within what a meter of this formula takes. */
export function readQuantity(text: string, formula: Meter['formula']): QuantityReading {
  const parsed = parseUnits(text);
  if (!parsed.ok) return parsed;
  const quantity = parsed.units;
  if (formula === 'count' && quantity !== 1) {
    return { ok: false, why: 'This meter counts reports: each is 1.' };
  }
  if (formula === 'sum' && quantity === 0) return { ok: false, why: 'Enter at least 1 unit.' };
  return { ok: true, quantity };
}

/** Reads the fields of added usage; `meters` are those that take reports. */
export function readUsage(
  values: UsageValues,
  options: { meters: readonly Meter[]; timeZone: string; now: Date },
): FieldReading<UsageValues, UsageAct> {
  const meter = options.meters.find(({ eventName }) => eventName === values.eventName);
  const quantity = readQuantity(values.quantity, meter?.formula ?? 'sum');
  const at: ReturnType<typeof readOccurredAt> =
    values.when === 'now' ? { ok: true, iso: null } : readOccurredAt(values.occurredAt, options);
  const reason = readReason(values);
  if (meter !== undefined && quantity.ok && at.ok && reason.ok) {
    const what = `${formatUnits(quantity.quantity)} of ${meter.name}`;
    return {
      ok: true,
      act: {
        eventName: meter.eventName,
        quantity: quantity.quantity,
        occurredAt: at.iso,
        reason: reason.reason,
      },
      words: (customer) => ({
        customer,
        button: `Add ${what}`,
        done: `Added ${what} for ${customer}`,
      }),
    };
  }
  return {
    ok: false,
    fields: {
      ...(meter === undefined && { eventName: 'Choose a meter.' }),
      ...(!quantity.ok && { quantity: quantity.why }),
      ...(!at.ok && { occurredAt: at.why }),
      ...(!reason.ok && reason.fields),
    },
  };
}
