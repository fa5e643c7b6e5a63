import { useState } from 'react';
import { useLocation } from 'wouter';
import { useSession } from '#renderer/api/session.tsx';
import { UsageFigure } from '#renderer/charts/UsageFigure.tsx';
import { formatTimeZone } from '#renderer/format/time.ts';
import { transactionsPath } from '#renderer/navigation/paths.ts';
import { rangeQuery } from '#renderer/navigation/range-query.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { rangeInWords, TimeRangePicker, timeRangeOf } from '#renderer/ui/TimeRangePicker.tsx';
import styles from './customer-page.module.css';
import { useCustomerUsage } from './queries.ts';

/** What one customer used, by day and feature; a bar leads to its transactions. */
export function UsageTab({ customerId }: { customerId: string }) {
  const { timeZone } = useSession();
  const [, navigate] = useLocation();
  const [range, setRange] = useState(() => timeRangeOf('30d', timeZone));
  const usage = useCustomerUsage(customerId, range, timeZone);

  function openDay(day: string, feature: string | null) {
    navigate(
      transactionsPath({
        customer: customerId,
        types: 'usage',
        ...rangeQuery({ from: day, to: day }),
        ...(feature !== null && feature !== '' && { feature }),
      }),
    );
  }

  return (
    <div className={styles.usageTab}>
      <div className={styles.usageHead}>
        <TimeRangePicker value={range} onChange={setRange} timeZone={timeZone} />
      </div>
      {usage.isError ? (
        <ErrorState error={usage.error} onRetry={() => void usage.refetch()} />
      ) : usage.data === undefined ? (
        <LoadingRows count={6} label="Loading usage" />
      ) : usage.data.rows.length === 0 ? (
        <EmptyState>No credits were used in {rangeInWords(range)}.</EmptyState>
      ) : (
        <div aria-busy={usage.isPlaceholderData} data-busy={usage.isPlaceholderData || undefined}>
          <UsageFigure
            label="Credits used by day"
            note={formatTimeZone(timeZone)}
            rows={usage.data.rows}
            range={range}
            onOpen={openDay}
          />
        </div>
      )}
    </div>
  );
}
