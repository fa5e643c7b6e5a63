import { useState } from 'react';
import { useLocation } from 'wouter';
import { useSession } from '#renderer/api/session.tsx';
import { UsageFigure } from '#renderer/charts/UsageFigure.tsx';
import { formatTimeZone } from '#renderer/format/time.ts';
import { usageOfDayPath } from '#renderer/navigation/paths.ts';
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

  return (
    <>
      <div className={styles.usageHead}>
        <TimeRangePicker value={range} onChange={setRange} timeZone={timeZone} />
      </div>
      {usage.isError ? (
        <ErrorState error={usage.error} onRetry={() => void usage.refetch()} />
      ) : usage.data === undefined ? (
        <LoadingRows count={9} label="Loading usage" />
      ) : usage.data.rows.length === 0 ? (
        <EmptyState>No credits were used in {rangeInWords(range)}.</EmptyState>
      ) : (
        <UsageFigure
          label="Credits used by day"
          note={formatTimeZone(timeZone)}
          rows={usage.data.rows}
          range={range}
          onOpen={(day, feature) => navigate(usageOfDayPath(day, { feature, customerId }))}
        />
      )}
    </>
  );
}
