import { useQueryClient } from '@tanstack/react-query';
import { useCommand } from '#renderer/api/queries.ts';
import { checkoutStateWords, refundRequestStateLabel } from '#renderer/format/billing.ts';
import { announce } from '#renderer/ui/announce.tsx';

/** Asks Stripe how a checkout stands. */
export function useRefreshCheckout() {
  const reload = useReload();
  return useCommand('billing.refreshCheckout', {
    onSuccess: ({ state }) => announce(`${checkoutStateWords(state).label}.`),
    onSettled: reload,
  });
}

/** Closes an open link, so that it cannot be paid any more. */
export function useCloseCheckout() {
  const reload = useReload();
  return useCommand('billing.closeCheckout', {
    onSuccess: ({ state }) => announce(checkoutStateWords(state).sentence),
    onSettled: reload,
  });
}

/** Opens a link in the browser. */
export function useOpenCheckout() {
  return useCommand('billing.openCheckout');
}

/** Tries a refund again that Stripe has not confirmed, with its own key. */
export function useFinishRefund() {
  const reload = useReload();
  return useCommand('billing.finishRefund', {
    onSuccess: ({ request }) => announce(`${refundRequestStateLabel(request.state)}.`),
    onSettled: reload,
  });
}

/** Main tells what changed; an answer without a change may still be newer than what is shown. */
function useReload() {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: ['billing.customer'] });
}
