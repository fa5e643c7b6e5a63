import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useSession } from '#renderer/api/session.tsx';
import { DayUnitsFigure } from '#renderer/charts/DayUnitsFigure.tsx';
import { formatNumber, meterFormulaWords } from '#renderer/format/metering.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { StatTile } from '#renderer/ui/StatTile.tsx';
import type { MeteredSubscription, StripeUsage, UsagePosition } from '#shared/ipc/metering.ts';
import type { UsageRow } from './arithmetic.ts';
import { useMeteredUsageForms } from './forms-context.ts';
import { InvoiceAgreement } from './InvoiceAgreement.tsx';
import styles from './metered-usage.module.css';
import { useStripeUsage } from './queries.ts';
import { nameOf } from './subscription-words.ts';
import { causeWords, knownHere, periodWords } from './usage-words.ts';

/** The usage of one meter in its current period: what was reported, what Stripe has of it, and what it comes to. */
export function UsagePanel({
  customerId,
  row,
  subscription,
  canAsk,
  canAdd,
}: {
  customerId: string;
  row: UsageRow;
  /** What bills it; undefined: nothing that runs. */
  subscription: MeteredSubscription | undefined;
  /** Whether Stripe can be asked for anything. */
  canAsk: boolean;
  canAdd: boolean;
}) {
  const { timeZone } = useSession();
  const forms = useMeteredUsageForms();
  const { eventName, meterName, formula, itemId, meteredPriceId } = row;
  const stripe = useStripeUsage({ customerId, eventName, itemId }, { enabled: canAsk });
  const queryClient = useQueryClient();
  // Stripe adds usage up by and by, and tells nobody.
  const askAgain = () =>
    void Promise.all([
      stripe.refetch(),
      queryClient.invalidateQueries({ queryKey: ['metering.projectedInvoice'] }),
    ]);
  const item = subscription?.items.find(({ id }) => id === itemId);
  // What Stripe said before an answer failed is older than what is known here.
  const known = canAsk && !stripe.isError ? stripe.data : undefined;
  const position = known?.position ?? row.position;
  const period = { start: position.periodStart, end: position.periodEnd };
  return (
    <section className={styles.panel} aria-label={meterName}>
      <div className={styles.panelHead}>
        <div>
          <h3 className={styles.panelTitle}>{meterName}</h3>
          <p className={styles.second}>
            {eventName} · {meterFormulaWords(formula).label.toLowerCase()} ·{' '}
            {subscription === undefined
              ? `on no subscription, the last 30 days: ${periodWords(period, timeZone)}`
              : `on ${nameOf(subscription)}, ${periodWords(period, timeZone)}`}
          </p>
        </div>
        <div className={styles.acts}>
          {canAsk && (
            <Button
              size="compact-sm"
              variant="subtle"
              aria-label={`Ask again: Stripe’s summary of ${meterName}`}
              loading={stripe.isFetching}
              onClick={askAgain}
            >
              Ask again
            </Button>
          )}
          {canAdd && (
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`Add usage of ${meterName}…`}
              onClick={() => forms.openAddUsage(customerId, eventName)}
            >
              Add usage…
            </Button>
          )}
        </div>
      </div>
      <div className={styles.figures}>
        <StatTile
          label="Reported"
          value={formatNumber(position.reported)}
          hint={reportedHint(position)}
        />
        <StatTile
          label="In Stripe"
          value={
            known !== undefined
              ? formatNumber(known.summary)
              : stripe.isFetching
                ? 'Asking…'
                : 'Not known'
          }
          hint={
            known !== undefined ? (
              <>
                asked <InstantText iso={new Date(stripe.dataUpdatedAt).toISOString()} />
              </>
            ) : (
              !canAsk && 'Stripe cannot be asked.'
            )
          }
        />
        <Difference usage={known} position={position} />
      </div>
      {stripe.isError && <ErrorState error={stripe.error} onRetry={() => void stripe.refetch()} />}
      {stripe.isLoading && <LoadingRows count={3} label="Asking Stripe for its summary" />}
      {known !== undefined && known.days.length > 0 && (
        <DayUnitsFigure
          label={`${meterName} by day`}
          note="UTC"
          level={4}
          days={known.days}
          withTotal={formula !== 'last'}
        />
      )}
      {subscription !== undefined && item !== undefined && known !== undefined && (
        <InvoiceAgreement
          subscriptionId={subscription.id}
          item={item}
          meteredPriceId={meteredPriceId}
          units={known.summary}
        />
      )}
    </section>
  );
}

function reportedHint({ delivered, cancelled }: UsagePosition): string {
  const taken = `${formatNumber(delivered)} taken by Stripe`;
  return cancelled === 0 ? taken : `${taken}; besides, ${formatNumber(cancelled)} cancelled`;
}

function Difference({
  usage,
  position,
}: {
  usage: StripeUsage | undefined;
  position: UsagePosition;
}) {
  if (usage === undefined) {
    const known = knownHere(position);
    return (
      <StatTile
        label="Difference"
        value="Not known"
        hint={known.length === 0 ? 'Nothing waits here.' : <Causes causes={known} />}
      />
    );
  }
  const causes = usage.causes.map(causeWords);
  if (usage.difference === 0 && causes.length === 0) {
    return <StatTile label="Difference" value="None" hint="Stripe has everything" />;
  }
  return (
    <StatTile
      label="Difference"
      value={formatNumber(usage.difference)}
      hint={<Causes causes={causes} />}
    />
  );
}

function Causes({ causes }: { causes: readonly string[] }) {
  return (
    <ul className={styles.causes} aria-label="Causes of the difference">
      {causes.map((cause) => (
        <li key={cause}>{cause}</li>
      ))}
    </ul>
  );
}
