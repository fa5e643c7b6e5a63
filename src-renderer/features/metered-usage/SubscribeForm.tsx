import { Button, Radio, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { call } from '#renderer/api/client.ts';
import { useAbility } from '#renderer/api/session.tsx';
import { useBillingForms } from '#renderer/features/billing/billing.tsx';
import { TierTable } from '#renderer/features/metering/metering.tsx';
import { subscriptionStatusLabel } from '#renderer/format/billing.ts';
import { billingIntervalLabel, priceInWords } from '#renderer/format/metering.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { ChoiceCard, ChoiceCards } from '#renderer/ui/ChoiceCards.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import type {
  CustomerMetering,
  ListedPrice,
  MeteredSubscription,
  MeteringCatalog,
} from '#shared/ipc/metering.ts';
import type { FormEnds } from './forms-context.ts';
import { type FieldReading, KeyedForm } from './KeyedForm.tsx';
import styles from './metered-usage.module.css';
import { nameOf } from './subscription-words.ts';

type Collection = 'charge_automatically' | 'send_invoice';

export type SubscribeValues = {
  priceId: string;
  /** The id of a running subscription, or OWN. */
  subscriptionId: string;
  collection: Collection;
};

export type SubscribeAct = {
  meteredPriceId: string;
  subscriptionId: string | null;
  collection: Collection;
};

/** A subscription of its own; no id of Stripe's is empty. */
const OWN = '';

/** Subscriptions of these states take further items. */
const TAKES_ITEMS: ReadonlySet<string> = new Set(['active', 'trialing', 'past_due']);

/** The subscription that bills a customer for a meter already: two would bill the same usage twice. */
function billedBy(
  { eventName }: Pick<ListedPrice, 'eventName'>,
  subscriptions: readonly MeteredSubscription[],
): MeteredSubscription | undefined {
  return subscriptions.find(
    ({ status, items }) =>
      status !== 'canceled' &&
      status !== 'incomplete_expired' &&
      items.some((item) => item.eventName === eventName),
  );
}

/** Reads what was chosen; `prices` are those that can be. */
export function readSubscription(
  values: SubscribeValues,
  prices: readonly ListedPrice[],
): FieldReading<SubscribeValues, SubscribeAct> {
  const price = prices.find(({ id }) => id === values.priceId);
  if (price === undefined) return { ok: false, fields: { priceId: 'Choose a price.' } };
  return {
    ok: true,
    act: {
      meteredPriceId: price.id,
      subscriptionId: values.subscriptionId === OWN ? null : values.subscriptionId,
      collection: values.collection,
    },
    words: (customer) => ({
      customer,
      button: `Subscribe to ${price.name}`,
      done: `Subscribed ${customer} to ${price.name}`,
    }),
  };
}

/** Puts a customer on a metered price: on a subscription of its own, or on one that runs. */
export function SubscribeForm({
  title,
  customerId,
  metering,
  catalog,
  ...ends
}: {
  title: string;
  customerId: string;
  metering: CustomerMetering;
  catalog: MeteringCatalog;
} & FormEnds) {
  const maySell = useAbility('sell');
  const billing = useBillingForms();
  const { subscriptions } = metering;
  const sold = catalog.prices.filter(({ active, link }) => active && link.state === 'current');
  const free = sold.filter((price) => billedBy(price, subscriptions) === undefined);
  const running = subscriptions.filter(({ status }) => TAKES_ITEMS.has(status));
  const form = useForm<SubscribeValues>({
    mode: 'controlled',
    initialValues: { priceId: '', subscriptionId: OWN, collection: 'charge_automatically' },
  });
  const { values, errors } = form;
  const chosen = free.find(({ id }) => id === values.priceId);
  return (
    <KeyedForm<SubscribeValues, SubscribeAct>
      title={title}
      idleButton="Subscribe"
      customerId={customerId}
      form={form}
      read={(typed) => readSubscription(typed, free)}
      post={(act, { key, confirmedProduction }) =>
        call('metering.subscribe', { customerId, ...act, key, confirmedProduction })
      }
      done="Usage from now on is billed by it."
      consequence="Usage from now on is billed to the customer; what was billed cannot be taken back by cancelling."
      isReady={free.length > 0}
      ends={ends}
    >
      {({ disabled, leave }) => (
        <>
          {sold.length === 0 ? (
            <EmptyState
              action={
                <LinkButton to={paths.metering} onClick={leave}>
                  Meters and metered prices
                </LinkButton>
              }
            >
              No metered price can be sold: none that is active is in Stripe.
            </EmptyState>
          ) : (
            <Radio.Group
              label="Metered price"
              value={values.priceId}
              onChange={(priceId) => {
                form.setFieldValue('priceId', priceId);
                form.clearFieldError('priceId');
              }}
              error={errors.priceId}
            >
              <ChoiceCards>
                {sold.map((price) => {
                  const other = billedBy(price, subscriptions);
                  return (
                    <ChoiceCard
                      key={price.id}
                      value={price.id}
                      disabled={disabled || other !== undefined}
                      aria-invalid={errors.priceId !== undefined}
                      {...(price === free[0] && { 'data-autofocus': true })}
                      name={price.name}
                      price={`${priceInWords(price)}, ${billingIntervalLabel(price.interval)}`}
                      more={
                        other === undefined
                          ? `${price.eventName}, ${price.currency.toUpperCase()}`
                          : `${price.eventName} is billed by ${nameOf(other)} already`
                      }
                    />
                  );
                })}
              </ChoiceCards>
            </Radio.Group>
          )}
          {chosen !== undefined && <TierTable tiers={chosen.tiers} currency={chosen.currency} />}
          <Radio.Group
            label="Where"
            value={values.subscriptionId}
            onChange={(subscriptionId) => {
              form.setFieldValue('subscriptionId', subscriptionId);
              form.clearFieldError('subscriptionId');
            }}
            error={errors.subscriptionId}
          >
            <Stack gap="xs" mt={4}>
              <Radio value={OWN} label="On a subscription of its own" disabled={disabled} />
              {running.map((subscription) => (
                <Radio
                  key={subscription.id}
                  value={subscription.id}
                  disabled={disabled}
                  label={`On ${nameOf(subscription)} (${subscriptionStatusLabel(subscription.status).toLowerCase()}, ${subscription.id})`}
                />
              ))}
            </Stack>
          </Radio.Group>
          {values.subscriptionId === OWN && (
            <Radio.Group
              label="How it is paid"
              value={values.collection}
              onChange={(collection) =>
                form.setFieldValue('collection', collection as SubscribeValues['collection'])
              }
            >
              <Stack gap="xs" mt={4}>
                <Radio
                  value="charge_automatically"
                  label="Charge the saved payment method"
                  disabled={disabled}
                />
                <Radio
                  value="send_invoice"
                  label="Send an invoice, due in 30 days"
                  disabled={disabled}
                />
              </Stack>
            </Radio.Group>
          )}
          {maySell && (
            <div className={styles.hint}>
              <p>
                A plan together with a metered price is sold by link: the customer pays the plan,
                and usage is billed on the same invoices.
              </p>
              <Button
                variant="default"
                size="compact-sm"
                disabled={disabled}
                onClick={() => {
                  ends.onClose();
                  billing.openSale(customerId, 'subscription', chosen?.id);
                }}
              >
                Sell a plan with it…
              </Button>
            </div>
          )}
        </>
      )}
    </KeyedForm>
  );
}
