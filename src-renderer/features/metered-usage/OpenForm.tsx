import { useLatest } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { AddUsageForm } from './AddUsageForm.tsx';
import type { FormEnds, MeteredFormRequest } from './forms-context.ts';
import { useCustomerMetering, useMeteringCatalog } from './queries.ts';
import { SubscribeForm } from './SubscribeForm.tsx';

const TITLES: Record<MeteredFormRequest['form'], string> = {
  subscribe: 'Subscribe to a metered price',
  addUsage: 'Add usage',
};

/** The form of a request, with what it is about loaded first. */
export function OpenForm({ request, ...ends }: { request: MeteredFormRequest } & FormEnds) {
  const { customerId } = request;
  const metering = useCustomerMetering(customerId);
  const catalog = useMeteringCatalog();
  const latestMetering = useLatest(metering.data);
  const latestCatalog = useLatest(catalog.data);
  const title = TITLES[request.form];
  if (latestMetering === undefined || latestCatalog === undefined) {
    const waitsFor = latestMetering === undefined ? metering : catalog;
    return (
      <SideDrawer opened={ends.opened} onClose={ends.onClose} title={title} width={500}>
        {waitsFor.error === null ? (
          <LoadingRows count={5} label="Loading meters and prices" />
        ) : (
          <ErrorState error={waitsFor.error} onRetry={() => void waitsFor.refetch()} />
        )}
      </SideDrawer>
    );
  }
  const about = { title, customerId, metering: latestMetering, catalog: latestCatalog, ...ends };
  return request.form === 'subscribe' ? (
    <SubscribeForm {...about} />
  ) : (
    <AddUsageForm {...about} eventName={request.eventName} />
  );
}
