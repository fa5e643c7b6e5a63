import { Radio, Select, Stack } from '@mantine/core';
import { useState } from 'react';
import {
  type ActWords,
  EntryDrawer,
  type EntryWords,
  useEntry,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { priceInWords } from '#renderer/format/metering.ts';
import { formatMoney } from '#renderer/format/money.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { ChoiceCard, ChoiceCards } from '#renderer/ui/ChoiceCards.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import type { AppError } from '#shared/errors.ts';
import type { Checkout } from '#shared/ipc/billing.ts';
import type { MeteringCatalog } from '#shared/ipc/metering.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import { StripeModeNote } from './StripeModeNote.tsx';
import {
  type Catalog,
  itemsOf,
  meteredPricesBeside,
  type SaleAttempt,
  type SaleItem,
  saleWords,
  startCheckout,
} from './sale.ts';

const KINDS: Array<{ value: Checkout['kind']; label: string }> = [
  { value: 'credit_purchase', label: 'Purchase of a package' },
  { value: 'credit_topup', label: 'Top-up with a package' },
  { value: 'subscription', label: 'Subscription to a plan' },
];

const ENTRY_WORDS: EntryWords = { done: 'carried out', where: 'the customer’s Billing tab' };

/** What can be sold beside a plan, as far as it is known. */
type Metering = {
  catalog: MeteringCatalog | undefined;
  error: AppError | null;
  retry: () => void;
};

/** What is sold, and the button that makes the link for it. The key of the link lives as long as this form. */
export function CheckoutChoice({
  customerId,
  initialKind,
  initialMeteredPriceId,
  catalog,
  metering,
  stripe,
  opened,
  onClose,
  onKeep,
  onStarted,
}: {
  customerId: string;
  initialKind: Checkout['kind'];
  initialMeteredPriceId: string | null;
  catalog: Catalog;
  metering: Metering;
  stripe: StripeStatus;
  opened: boolean;
  onClose: () => void;
  onKeep: (words: ActWords) => void;
  onStarted: (checkout: Checkout) => void;
}) {
  const [kind, setKind] = useState(initialKind);
  const [itemId, setItemId] = useState<string | null>(null);
  const [meteredPriceId, setMeteredPriceId] = useState(initialMeteredPriceId);
  const [missing, setMissing] = useState(false);
  const entry = useEntry<SaleAttempt, Checkout>({
    customerId,
    // What was chosen is chosen again in a moment.
    hasDraft: false,
    post: startCheckout,
    onPosted: onStarted,
    onDiscard: onClose,
    onKeep: ({ words }) => onKeep(words),
  });
  const { disabled, leave } = entry;
  const items = itemsOf(catalog, kind);
  const item = items.find(({ id }) => id === itemId);
  const meteredPrices =
    kind === 'subscription' && item !== undefined && metering.catalog !== undefined
      ? meteredPricesBeside(item, metering.catalog)
      : [];
  // One that does not go with the chosen plan is not sold with it.
  const meteredPrice = meteredPrices.find(({ id }) => id === meteredPriceId) ?? null;
  const words =
    item === undefined
      ? null
      : saleWords(kind, item, { customer: entry.customer.name, meteredPrice });

  function submit() {
    if (item === undefined || words === null) {
      setMissing(true);
      return;
    }
    entry.submit({
      customerId,
      kind,
      itemId: item.id,
      ...(meteredPrice !== null && { meteredPriceId: meteredPrice.id }),
      confirmedProduction: false,
      words,
    });
  }

  return (
    <EntryDrawer
      entry={entry}
      opened={opened}
      title="Sell credits"
      idleButton="Create link"
      words={words}
      entryWords={ENTRY_WORDS}
      canSubmit={items.length > 0}
      consequence={
        stripe.mode === 'live'
          ? 'The customer pays it with real money; an unpaid link can be closed again.'
          : 'An unpaid link can be closed again.'
      }
      onSubmit={submit}
    >
      <StripeModeNote status={stripe} onLeave={leave} />
      <Radio.Group
        label="What is sold"
        value={kind}
        onChange={(next) => {
          setKind(KINDS.find(({ value }) => value === next)?.value ?? 'credit_purchase');
          setMissing(false);
        }}
      >
        <Stack gap="xs">
          {KINDS.map(({ value, label }) => (
            <Radio
              key={value}
              value={value}
              label={label}
              disabled={disabled}
              {...(value === initialKind && { 'data-autofocus': true })}
            />
          ))}
        </Stack>
      </Radio.Group>
      {items.length === 0 ? (
        <EmptyState
          action={
            <LinkButton to={paths.catalog} onClick={leave}>
              Open the catalog
            </LinkButton>
          }
        >
          {kind === 'subscription'
            ? 'No plan is sold: none that is active has a price.'
            : 'No package is active.'}
        </EmptyState>
      ) : (
        <Radio.Group
          key={kind}
          label={kind === 'subscription' ? 'Plan' : 'Package'}
          value={item?.id ?? null}
          onChange={(next) => {
            setItemId(next);
            setMissing(false);
          }}
          error={missing && (kind === 'subscription' ? 'Choose a plan.' : 'Choose a package.')}
        >
          <ChoiceCards>
            {items.map(({ id, name, more, price }) => (
              <ChoiceCard
                key={id}
                value={id}
                disabled={disabled}
                name={name}
                price={`${formatMoney(price)}${kind === 'subscription' ? ' a month' : ''}`}
                more={more}
              />
            ))}
          </ChoiceCards>
        </Radio.Group>
      )}
      {kind === 'subscription' && items.length > 0 && (
        <BilledByUse
          metering={metering}
          plan={item}
          value={meteredPrice?.id ?? null}
          onChange={setMeteredPriceId}
          disabled={disabled}
        />
      )}
    </EntryDrawer>
  );
}

/** The metered price that is sold together with a plan: optional, and only one that its subscription can hold. */
function BilledByUse({
  metering,
  plan,
  value,
  onChange,
  disabled,
}: {
  metering: Metering;
  plan: SaleItem | undefined;
  value: string | null;
  onChange: (meteredPriceId: string | null) => void;
  disabled: boolean;
}) {
  if (metering.error !== null)
    return <ErrorState error={metering.error} onRetry={metering.retry} />;
  const { catalog } = metering;
  // Where nothing is billed by use, nobody has to read about it.
  if (catalog === undefined || !catalog.prices.some(({ active }) => active)) return null;
  const prices = plan === undefined ? [] : meteredPricesBeside(plan, catalog);
  return (
    <Select
      label="Also billed by use (optional)"
      placeholder={plan === undefined ? 'Choose a plan first' : 'Nothing'}
      description={
        plan !== undefined && prices.length === 0
          ? `No metered price can be sold with it: none that is active and in Stripe is billed by the month in ${plan.price.currency.toUpperCase()}.`
          : 'Usage is billed after each month, on the invoice of the plan.'
      }
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      data={prices.map((price) => ({
        value: price.id,
        label: `${price.name}, ${priceInWords(price)}`,
      }))}
      value={value}
      onChange={onChange}
      disabled={disabled || prices.length === 0}
      clearable
    />
  );
}
