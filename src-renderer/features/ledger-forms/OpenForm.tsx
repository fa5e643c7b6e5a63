import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { consoleQuery } from '#renderer/api/queries.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import type { AppError } from '#shared/errors.ts';
import type { ActFormHost } from './ActForm.tsx';
import { AdjustDownForm } from './AdjustDownForm.tsx';
import { ACT_TITLES } from './act-words.ts';
import { type ExpiringGrant, ExtendGrantForm } from './ExtendGrantForm.tsx';
import type { LedgerFormRequest } from './form-requests.ts';
import { GrantForm } from './GrantForm.tsx';
import { ReleaseHoldForm } from './ReleaseHoldForm.tsx';
import { ReverseForm } from './ReverseForm.tsx';
import { useLatest } from './use-latest.ts';

type RequestOf<Act extends LedgerFormRequest['act']> = Extract<LedgerFormRequest, { act: Act }>;

/** The form of a request, with what it is about loaded first. */
export function OpenForm({ request, host }: { request: LedgerFormRequest; host: ActFormHost }) {
  switch (request.act) {
    case 'grant':
      return <GrantForm customerId={request.customerId} host={host} />;
    case 'adjustDown':
      return <AdjustDownForm customerId={request.customerId} host={host} />;
    case 'reverse':
      return <LoadedReverseForm request={request} host={host} />;
    case 'extendGrant':
      return <LoadedExtendForm request={request} host={host} />;
    case 'releaseHold':
      return <LoadedReleaseForm request={request} host={host} />;
  }
}

function LoadedReverseForm({
  request,
  host,
}: {
  request: RequestOf<'reverse'>;
  host: ActFormHost;
}) {
  const { customerId, transactionId } = request;
  const query = useQuery(consoleQuery('transactions.get', { customerId, transactionId }));
  const detail = useLatest(query.data);
  if (detail !== undefined) {
    return <ReverseForm detail={detail} prefill={request.prefill} host={host} />;
  }
  return <Waiting request={request} host={host} error={query.error} retry={query.refetch} />;
}

function LoadedExtendForm({
  request,
  host,
}: {
  request: RequestOf<'extendGrant'>;
  host: ActFormHost;
}) {
  const { customerId, grantId } = request;
  const query = useQuery(consoleQuery('customers.credits', { customerId }));
  const found = [...(query.data?.openGrants ?? []), ...(query.data?.closedGrants ?? [])].find(
    (grant): grant is ExpiringGrant => grant.id === grantId && grant.expiresAt !== null,
  );
  const grant = useFirstFound(found);
  if (grant !== undefined) {
    return <ExtendGrantForm customerId={customerId} grant={grant} host={host} />;
  }
  if (query.isSuccess) {
    return (
      <Waiting request={request} host={host}>
        <EmptyState>This grant has no expiry that could be extended.</EmptyState>
      </Waiting>
    );
  }
  return <Waiting request={request} host={host} error={query.error} retry={query.refetch} />;
}

function LoadedReleaseForm({
  request,
  host,
}: {
  request: RequestOf<'releaseHold'>;
  host: ActFormHost;
}) {
  const { customerId, holdId } = request;
  const query = useQuery(consoleQuery('customers.credits', { customerId }));
  const hold = useFirstFound(query.data?.holds.find((each) => each.id === holdId));
  if (hold !== undefined) {
    return <ReleaseHoldForm customerId={customerId} hold={hold} host={host} />;
  }
  if (query.isSuccess) {
    return (
      <Waiting request={request} host={host}>
        <EmptyState>This hold is no longer open: its credits are free or were used.</EmptyState>
      </Waiting>
    );
  }
  return <Waiting request={request} host={host} error={query.error} retry={query.refetch} />;
}

function Waiting({
  request,
  host,
  error = null,
  retry,
  children,
}: {
  request: LedgerFormRequest;
  host: ActFormHost;
  error?: AppError | null;
  retry?: () => void;
  children?: ReactNode;
}) {
  return (
    <SideDrawer
      opened={host.opened}
      onClose={() => host.onEnd({ how: 'discarded' })}
      title={ACT_TITLES[request.act].title}
      width={500}
    >
      {children ??
        (error === null ? <LoadingRows count={4} /> : <ErrorState error={error} onRetry={retry} />)}
    </SideDrawer>
  );
}

/** The first value there was: what the form is about, as it stood when it opened. */
function useFirstFound<Value>(value: Value | undefined): Value | undefined {
  const [first, setFirst] = useState(value);
  if (first === undefined && value !== undefined) setFirst(value);
  return first ?? value;
}
