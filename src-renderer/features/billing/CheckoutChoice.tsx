import { Button, Group, Radio, Select, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useEffectEvent, useId, useRef, useState } from 'react';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import {
  type ActWords,
  FormNotice,
  KeepQuestion,
  ProductionQuestion,
  usePosting,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { priceInWords } from '#renderer/format/metering.ts';
import { formatMoney } from '#renderer/format/money.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import type { AppError } from '#shared/errors.ts';
import type { Checkout } from '#shared/ipc/billing.ts';
import type { MeteringCatalog } from '#shared/ipc/metering.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import styles from './billing.module.css';
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
  const { connection } = useSession();
  // A form belongs to the database it was opened on: its key would protect nothing on another one.
  const [openedOn] = useState(connection.id);
  const elsewhere = connection.id !== openedOn;
  const customer = useQuery(consoleQuery('customers.get', { customerId }));
  const customerName = customer.data?.name ?? customer.data?.email ?? customerId;

  const formId = useId();
  const notice = useRef<HTMLDivElement>(null);
  const [kind, setKind] = useState(initialKind);
  const [itemId, setItemId] = useState<string | null>(null);
  const [meteredPriceId, setMeteredPriceId] = useState(initialMeteredPriceId);
  const [missing, setMissing] = useState(false);
  const [question, setQuestion] = useState<'leave' | 'production' | null>(null);
  const [submitted, setSubmitted] = useState<SaleAttempt | null>(null);

  const posting = usePosting({
    post: startCheckout,
    onPosted: onStarted,
    onRefused: (error) => {
      if (error.code === 'confirmation_required') setQuestion('production');
    },
  });
  const { state } = posting;
  const disabled = state.status !== 'open' || elsewhere;
  const items = itemsOf(catalog, kind);
  const item = items.find(({ id }) => id === itemId);
  const meteredPrices =
    kind === 'subscription' && item !== undefined && metering.catalog !== undefined
      ? meteredPricesBeside(item, metering.catalog)
      : [];
  // One that does not go with the chosen plan is not sold with it.
  const meteredPrice = meteredPrices.find(({ id }) => id === meteredPriceId) ?? null;
  const words =
    item === undefined ? null : saleWords(kind, item, { customer: customerName, meteredPrice });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (disabled) return;
    if (item === undefined || words === null) {
      setMissing(true);
      return;
    }
    const attempt = {
      customerId,
      kind,
      itemId: item.id,
      ...(meteredPrice !== null && { meteredPriceId: meteredPrice.id }),
      confirmedProduction: false,
      words,
    };
    setSubmitted(attempt);
    if (connection.environment === 'production') setQuestion('production');
    else void posting.post(attempt);
  }

  function leave() {
    // Esc reaches the dialog that lies over the drawer and the drawer alike.
    if (question !== null || state.status === 'posting') return;
    if (state.status === 'unknown') setQuestion('leave');
    else onClose();
  }

  const failure = state.status === 'open' || state.status === 'unknown' ? state.error : null;
  const focusFailure = useEffectEvent(() => notice.current?.focus());
  useEffect(() => {
    if (failure !== null) focusFailure();
  }, [failure]);

  const isRepeat = state.status === 'unknown' || (state.status === 'posting' && state.repeat);
  return (
    <>
      <SideDrawer
        opened={opened}
        onClose={leave}
        title="Sell credits"
        width={500}
        foot={
          <div className={styles.footWith}>
            {elsewhere && (
              <p className={styles.failure}>
                <strong>The connection has changed.</strong> This form was opened on another
                database. Nothing was sold here; close it and open it again.
              </p>
            )}
            <Group justify="flex-end" gap="sm">
              <Button variant="default" onClick={leave} disabled={state.status === 'posting'}>
                {state.status === 'unknown' ? 'Close' : 'Cancel'}
              </Button>
              {isRepeat ? (
                <Button
                  onClick={() => void posting.checkAgain()}
                  loading={state.status === 'posting'}
                  disabled={elsewhere}
                >
                  Check again
                </Button>
              ) : (
                <Button
                  type="submit"
                  form={formId}
                  loading={state.status === 'posting'}
                  disabled={elsewhere || items.length === 0}
                >
                  {(state.status === 'open' ? words : submitted?.words)?.button ?? 'Create link'}
                </Button>
              )}
            </Group>
          </div>
        }
      >
        <form id={formId} className={styles.form} onSubmit={submit} noValidate>
          <p className={styles.customerName}>{customerName}</p>
          <StripeModeNote status={stripe} onLeave={leave} />
          {failure !== null && (
            <FormNotice ref={notice} error={failure} outcomeUnknown={state.status === 'unknown'} />
          )}
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
              <div className={styles.choices}>
                {items.map(({ id, name, more, price }) => (
                  <Radio
                    key={id}
                    value={id}
                    disabled={disabled}
                    classNames={{
                      root: styles.choice ?? '',
                      labelWrapper: styles.choiceLabel ?? '',
                    }}
                    label={
                      <>
                        <span className={styles.choiceName}>
                          <span>{name}</span>{' '}
                          <span>
                            {formatMoney(price)}
                            {kind === 'subscription' && ' a month'}
                          </span>
                        </span>{' '}
                        <span className={styles.choiceMore}>{more}</span>
                      </>
                    }
                  />
                ))}
              </div>
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
        </form>
      </SideDrawer>
      <KeepQuestion
        opened={question === 'leave'}
        onStay={() => setQuestion(null)}
        onKeep={() => {
          setQuestion(null);
          if (submitted !== null) onKeep(submitted.words);
        }}
      />
      <ProductionQuestion
        opened={question === 'production'}
        connectionName={connection.name}
        action={submitted?.words.button ?? 'Create link'}
        customer={customerName}
        consequence={
          stripe.mode === 'live'
            ? 'The customer pays it with real money; an unpaid link can be closed again.'
            : 'An unpaid link can be closed again.'
        }
        onCancel={() => setQuestion(null)}
        onConfirm={() => {
          setQuestion(null);
          if (submitted !== null) void posting.post({ ...submitted, confirmedProduction: true });
        }}
      />
    </>
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
