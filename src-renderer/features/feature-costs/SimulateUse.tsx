import { Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { paths } from '#renderer/navigation/paths.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { parseCredits } from '#shared/credits.ts';
import type { CustomerId } from '#shared/ids.ts';
import type { Feature } from '#shared/ipc/features.ts';
import { dayOf } from '#shared/time.ts';
import classes from './feature-costs.module.css';
import { costInWords } from './feature-words.ts';
import { SimulationOutcome } from './SimulationOutcome.tsx';
import { useSimulation } from './use-simulation.ts';

/** What a use of a feature would do to a customer's credits now: a dry run, which changes nothing. */
export function SimulateUse({
  customerId,
  customerName,
  onClose,
}: {
  customerId: CustomerId;
  customerName: string;
  onClose: () => void;
}) {
  const { timeZone } = useSession();
  // The least that lists every feature with its price; the most used of today stands first.
  const [today] = useState(() => dayOf(new Date(), timeZone));
  const list = useQuery(consoleQuery('features.list', { from: today, to: today, timeZone }));
  const priced = list.data?.rows.filter(({ current }) => current !== null);
  return (
    <SideDrawer opened onClose={onClose} title="Simulate a use" width={520}>
      <div className={classes.simulate}>
        <p className={classes.hint}>
          A dry run for {customerName}: nothing is deducted, held or reported.
        </p>
        {list.isError && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
        {list.isPending && <LoadingRows count={3} label="Loading features" />}
        {priced?.length === 0 && (
          <EmptyState action={<LinkButton to={paths.features}>Features</LinkButton>}>
            No feature has a price yet.
          </EmptyState>
        )}
        {priced !== undefined && priced.length > 0 && (
          <Trial customerId={customerId} features={priced} />
        )}
      </div>
    </SideDrawer>
  );
}

function Trial({ customerId, features }: { customerId: CustomerId; features: readonly Feature[] }) {
  const [feature, setFeature] = useState<string | null>(null);
  const [quantity, setQuantity] = useState('1');
  const first = useRef<HTMLInputElement>(null);
  // The drawer looked for its first field before the features were there.
  useEffect(() => first.current?.focus(), []);
  const units = parseCredits(quantity);
  const chosen = features.find((each) => each.feature === feature);
  const state = useSimulation(
    feature !== null && units.ok ? { customerId, feature, quantity: units.value } : null,
  );
  return (
    <>
      <Select
        ref={first}
        label="Feature"
        placeholder="Choose a feature"
        data={features.map(({ feature: name, current }) => ({
          value: name,
          label: current?.active === true ? name : `${name} (inactive)`,
        }))}
        description={chosen?.current == null ? undefined : costInWords(chosen.current)}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        searchable
        nothingFoundMessage="No such feature"
        allowDeselect={false}
        value={feature}
        onChange={setFeature}
        data-autofocus
      />
      <TextInput
        label="Quantity"
        description={
          chosen?.current == null
            ? 'In whole numbers.'
            : `In whole numbers, charged per ${chosen.current.unit}.`
        }
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        inputMode="numeric"
        autoComplete="off"
        spellCheck={false}
        value={quantity}
        onChange={(event) => setQuantity(event.currentTarget.value)}
        error={
          units.ok || quantity === '' ? undefined : 'Use whole units in digits only, at least 1.'
        }
      />
      <SimulationOutcome state={state} quantity={units.ok ? units.value : 0} />
    </>
  );
}
