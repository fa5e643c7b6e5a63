import { Anchor, Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { useAbility } from '#renderer/api/session.tsx';
import { refundRequestStateLabel } from '#renderer/format/billing.ts';
import { formatMoney } from '#renderer/format/money.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import classes from './money-back.module.css';

/** Refunds that were asked for and that Stripe has not confirmed; nothing where there are none. */
export function OpenRefunds() {
  const query = useQuery(consoleQuery('billing.openRefunds', {}));
  const mayRefund = useAbility('refund');
  const queryClient = useQueryClient();
  const finish = useCommand('billing.finishRefund', {
    onSuccess: ({ request }) => announce(`${refundRequestStateLabel(request.state)}.`),
    onSettled: () => {
      void queryClient.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith('billing.'),
      });
    },
  });
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined || query.data.requests.length === 0) return null;
  return (
    <section className={classes.open} aria-label="Refunds that Stripe has not confirmed">
      <p className={classes.openWords}>
        Stripe has not confirmed these refunds yet. Nothing is lost: each is asked for again by
        itself, under its own key, so that it happens once.
      </p>
      <ul className={classes.openList}>
        {query.data.requests.map((request) => (
          <li key={request.id} className={classes.openItem}>
            <span>
              {formatMoney(request.price)} to{' '}
              <Anchor component={Link} inherit href={customerPath(request.customerId, 'billing')}>
                {request.customerId}
              </Anchor>
              , <InstantText iso={request.createdAt} />
              {request.error !== null && <span className={classes.why}>{request.error}</span>}
            </span>
            {mayRefund && (
              <Button
                size="compact-xs"
                variant="default"
                aria-label={`Try now: refund of ${formatMoney(request.price)} to ${request.customerId}`}
                loading={finish.isPending && finish.variables?.id === request.id}
                onClick={() => finish.mutate({ id: request.id })}
              >
                Try now
              </Button>
            )}
          </li>
        ))}
      </ul>
      {finish.error !== null && <ErrorState error={finish.error} />}
    </section>
  );
}
