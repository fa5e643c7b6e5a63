import { SegmentedControl, Select, TextInput } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { call } from '#renderer/api/client.ts';
import { useSession } from '#renderer/api/session.tsx';
import {
  NO_REASON,
  ReasonFields,
  type ReasonValues,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { localTimeOf } from '#renderer/format/local-time.ts';
import { formatUnits, meterFormulaWords } from '#renderer/format/metering.ts';
import { formatMoney } from '#renderer/format/money.ts';
import { formatTimeZone } from '#renderer/format/time.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import type { CustomerMetering, MeteringCatalog } from '#shared/ipc/metering.ts';
import { type AddedCharge, addedCharges } from './arithmetic.ts';
import type { FormEnds } from './forms-context.ts';
import { KeyedForm } from './KeyedForm.tsx';
import styles from './metered-usage.module.css';
import { OLDEST_DAYS } from './occurred-at.ts';
import { readQuantity, readUsage, type UsageAct, type UsageValues } from './usage-values.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A correction upwards: reports usage by hand, with a reason. It is sent to Stripe like any other. */
export function AddUsageForm({
  title,
  customerId,
  eventName,
  metering,
  catalog,
  ...ends
}: {
  title: string;
  customerId: string;
  /** The meter to begin with; null: none is chosen. */
  eventName: string | null;
  metering: CustomerMetering;
  catalog: MeteringCatalog;
} & FormEnds) {
  const { timeZone } = useSession();
  const meters = catalog.meters.filter(({ active }) => active);
  const [only, another] = meters;
  const first = eventName ?? (another === undefined ? only?.eventName : undefined) ?? '';
  const form = useForm<UsageValues>({
    mode: 'controlled',
    initialValues: { eventName: first, quantity: '', when: 'now', occurredAt: '', ...NO_REASON },
  });
  const { values, errors } = form;
  const meter = meters.find((each) => each.eventName === values.eventName);
  const quantity = readQuantity(values.quantity, meter?.formula ?? 'sum');
  function set(field: 'eventName' | 'quantity' | 'occurredAt', value: string) {
    form.setFieldValue(field, value);
    form.clearFieldError(field);
  }
  return (
    <KeyedForm<UsageValues, UsageAct>
      title={title}
      idleButton="Add usage"
      customerId={customerId}
      form={form}
      read={(typed) => readUsage(typed, { meters, timeZone, now: new Date() })}
      post={({ reason, ...usage }, { key, confirmedProduction }) =>
        call('metering.addUsage', {
          customerId,
          ...usage,
          ...reason,
          idempotencyKey: key,
          confirmedProduction,
        })
      }
      done="It is sent to Stripe like any other usage."
      consequence="It is billed to the customer; the event that carries it can be cancelled within a day of Stripe’s receipt."
      isReady={meters.length > 0}
      ends={ends}
      foot={
        <WhatItAdds values={values} metering={metering} catalog={catalog} timeZone={timeZone} />
      }
    >
      {({ disabled, leave }) =>
        meters.length === 0 ? (
          <EmptyState
            action={
              <LinkButton to={paths.metering} onClick={leave}>
                Meters and metered prices
              </LinkButton>
            }
          >
            No meter takes usage: none is active.
          </EmptyState>
        ) : (
          <>
            <Select
              label="Meter"
              placeholder="Choose a meter"
              data={meters.map((each) => ({
                value: each.eventName,
                label:
                  each.name === each.eventName ? each.name : `${each.name} (${each.eventName})`,
              }))}
              description={
                meter === undefined ? undefined : meterFormulaWords(meter.formula).sentence
              }
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              value={values.eventName === '' ? null : values.eventName}
              onChange={(chosen) => set('eventName', chosen ?? '')}
              error={errors.eventName}
              disabled={disabled}
              allowDeselect={false}
              {...(first === '' && { 'data-autofocus': true })}
            />
            <TextInput
              label="Units"
              description={
                quantity.ok
                  ? `= ${formatUnits(quantity.quantity)}`
                  : 'Whole units, such as 500 or 1,000.'
              }
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              value={values.quantity}
              onChange={(event) => set('quantity', event.currentTarget.value)}
              onBlur={() => {
                if (!quantity.ok && values.quantity !== '') {
                  form.setFieldError('quantity', quantity.why);
                }
              }}
              error={errors.quantity}
              disabled={disabled}
              inputMode="numeric"
              autoComplete="off"
              spellCheck={false}
              {...(first !== '' && { 'data-autofocus': true })}
            />
            <div>
              <SegmentedControl
                aria-label="When it was used"
                fullWidth
                value={values.when}
                onChange={(when) => form.setFieldValue('when', when === 'at' ? 'at' : 'now')}
                data={[
                  { value: 'now', label: 'Used now' },
                  { value: 'at', label: 'Used earlier' },
                ]}
                disabled={disabled}
              />
            </div>
            {values.when === 'at' && (
              <TextInput
                type="datetime-local"
                label="Used at"
                description={`In ${formatTimeZone(timeZone)}, within the last ${OLDEST_DAYS} days.`}
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                min={localTimeOf(new Date(Date.now() - OLDEST_DAYS * DAY_MS), timeZone)}
                max={localTimeOf(new Date(), timeZone)}
                value={values.occurredAt}
                onChange={(event) => set('occurredAt', event.currentTarget.value)}
                error={errors.occurredAt}
                disabled={disabled}
              />
            )}
            <ReasonFields
              form={form as unknown as UseFormReturnType<ReasonValues>}
              disabled={disabled}
            />
          </>
        )
      }
    </KeyedForm>
  );
}

/** What the usage comes to at the tiers that it reaches: the console's own arithmetic, before anything is sent. */
function WhatItAdds({
  values,
  metering,
  catalog,
  timeZone,
}: {
  values: UsageValues;
  metering: CustomerMetering;
  catalog: MeteringCatalog;
  timeZone: string;
}) {
  const now = new Date();
  const meters = catalog.meters.filter(({ active }) => active);
  // The reason is no part of what it comes to.
  const reading = readUsage(
    { ...values, reasonCode: 'other', note: 'none', caseLink: '' },
    { meters, timeZone, now },
  );
  if (!reading.ok) {
    return <p className={styles.second}>Enter meter and units to see what they come to.</p>;
  }
  const charges = addedCharges(reading.act, { usage: metering.usage, prices: catalog.prices, now });
  if (charges.length === 0) {
    return (
      <p className={styles.second}>
        What it comes to is not known here: no running subscription of this customer has a price of
        the catalog for it.
      </p>
    );
  }
  return (
    <section aria-label="What it adds">
      {charges.map((charge) => (
        <p key={charge.price.id} className={styles.adds}>
          <ChargeWords charge={charge} />
        </p>
      ))}
    </section>
  );
}

function ChargeWords({ charge }: { charge: AddedCharge }) {
  const { price, amountMinor } = charge;
  if (amountMinor === null) {
    switch (charge.why) {
      case 'other_period':
        return `It lies outside of the current period of ${price.name}: the next invoice does not have it.`;
      case 'perhaps_older':
        return `The newest value of the period counts for ${price.name}: where a newer one was reported, this one changes nothing.`;
      case 'too_much':
        return `With it, ${price.name} comes to more than can be billed.`;
    }
  }
  const amount = formatMoney({ amountMinor: Math.abs(amountMinor), currency: price.currency });
  return amountMinor < 0 ? (
    <>
      Takes <strong>{amount}</strong> off the next invoice, at the tiers of {price.name} that are
      left.
    </>
  ) : (
    <>
      Adds <strong>{amount}</strong> to the next invoice, at the tiers of {price.name} that it
      reaches.
    </>
  );
}
