import { type ReactNode, useMemo } from 'react';
import { useLiveForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { type MeteredUsageForms, MeteredUsageFormsContext, requestName } from './forms-context.ts';
import { OpenForm } from './OpenForm.tsx';

// The door of this feature: what other features may use of it.
export { MeteredTab } from './MeteredTab.tsx';

/** Holds the forms of metered usage above all pages: an entry whose outcome is not known keeps its key. */
export function MeteredUsageFormsProvider({ children }: { children: ReactNode }) {
  const { forms, open, keep, close } = useLiveForms(requestName);
  const actions = useMemo<MeteredUsageForms>(
    () => ({
      openSubscribe: (customerId) => open({ form: 'subscribe', customerId }),
      openAddUsage: (customerId, eventName) =>
        open({ form: 'addUsage', customerId, eventName: eventName ?? null }),
    }),
    [open],
  );
  return (
    <MeteredUsageFormsContext value={actions}>
      {children}
      {forms.map(({ formId, request, opened }) => (
        <OpenForm
          key={formId}
          request={request}
          opened={opened}
          onClose={() => close(formId)}
          onKeep={(words) => keep(formId, words)}
        />
      ))}
    </MeteredUsageFormsContext>
  );
}
