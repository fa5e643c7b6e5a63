import { Button, VisuallyHidden } from '@mantine/core';
import { meterFormulaWords } from '#renderer/format/metering.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { Meter } from '#shared/ipc/metering.ts';
import { ActiveState } from './ActiveState.tsx';
import { MeteringLink } from './MeteringLink.tsx';
import classes from './metering.module.css';
import type { CatalogActs } from './use-catalog-acts.tsx';

/** The meters: what each counts, how, and how it stands in Stripe. `acts` null: they can only be looked at. */
export function MetersTable({
  meters,
  acts,
}: {
  meters: readonly Meter[];
  acts: CatalogActs | null;
}) {
  if (meters.length === 0) {
    return (
      <EmptyState>
        There is no meter yet. A meter counts one kind of use, such as API calls, so that Stripe can
        bill it.
      </EmptyState>
    );
  }
  const running = acts?.running;
  return (
    <Table
      label="Meters"
      head={
        <>
          <th scope="col">Meter</th>
          <th scope="col">Event name</th>
          <th scope="col">Counts</th>
          <th scope="col">State</th>
          <th scope="col">In Stripe</th>
          <th scope="col" data-actions>
            <VisuallyHidden>Actions</VisuallyHidden>
          </th>
        </>
      }
    >
      {meters.map(({ eventName, name, formula, active, link }) => (
        <tr key={eventName}>
          <th scope="row" data-wrap>
            {name}
          </th>
          <td>
            <span className={classes.id}>{eventName}</span>
          </td>
          <td>
            <span title={meterFormulaWords(formula).sentence}>
              {meterFormulaWords(formula).label}
            </span>
          </td>
          <td>
            <ActiveState active={active} />
          </td>
          <td data-wrap>
            <MeteringLink link={link} name={name} />
          </td>
          <td data-actions>
            {acts !== null && (
              <Button
                size="compact-xs"
                variant="subtle"
                loading={running?.kind === 'meter' && running.eventName === eventName}
                aria-label={`${active ? 'Deactivate' : 'Activate'} ${name}`}
                onClick={() => acts.start({ kind: 'meter', eventName, name, active: !active })}
              >
                {active ? 'Deactivate' : 'Activate'}
              </Button>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}
