import { Button, VisuallyHidden } from '@mantine/core';
import { featureMeterModeLabel } from '#renderer/format/metering.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { FeatureMeter } from '#shared/ipc/metering.ts';
import type { CatalogActs } from './use-catalog-acts.tsx';

/** Features whose uses a meter counts, by plan. `acts` null: they can only be looked at. */
export function FeatureMetersTable({
  bindings,
  acts,
}: {
  bindings: readonly FeatureMeter[];
  acts: CatalogActs | null;
}) {
  if (bindings.length === 0) {
    return (
      <EmptyState>
        No feature is metered: each use deducts credits, and none is reported to a meter.
      </EmptyState>
    );
  }
  return (
    <Table
      label="Metered features"
      head={
        <>
          <th scope="col">Feature</th>
          <th scope="col">Plan</th>
          <th scope="col">Meter</th>
          <th scope="col">A use does</th>
          <th scope="col" data-actions>
            <VisuallyHidden>Actions</VisuallyHidden>
          </th>
        </>
      }
    >
      {bindings.map((binding) => {
        const { feature, planTier, eventName, mode } = binding;
        const plan = planTier ?? 'Every plan';
        return (
          <tr key={`${feature} ${planTier ?? ''}`}>
            <th scope="row" data-wrap>
              {feature}
            </th>
            <td>{plan}</td>
            <td>{eventName}</td>
            <td data-wrap>{featureMeterModeLabel(mode)}</td>
            <td data-actions>
              {acts !== null && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  loading={acts.running?.kind === 'unbind' && acts.running.binding === binding}
                  aria-label={`Remove ${feature}, ${plan}`}
                  onClick={() => acts.start({ kind: 'unbind', binding })}
                >
                  Remove
                </Button>
              )}
            </td>
          </tr>
        );
      })}
    </Table>
  );
}
