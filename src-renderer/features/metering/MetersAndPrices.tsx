import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { consoleQuery } from '#renderer/api/queries.ts';
import { formatQuantity } from '#renderer/format/credits.ts';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { PlusIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import type { MeteringCatalog } from '#shared/ipc/metering.ts';
import { FeatureMeterForm } from './FeatureMeterForm.tsx';
import { FeatureMetersTable } from './FeatureMetersTable.tsx';
import { MeterForm } from './MeterForm.tsx';
import { isOutOfStep } from './MeteringLink.tsx';
import { MetersTable } from './MetersTable.tsx';
import classes from './metering.module.css';
import { PriceDrawer } from './PriceDrawer.tsx';
import { PriceForm } from './PriceForm.tsx';
import { PricesTable } from './PricesTable.tsx';
import { useCatalogActs } from './use-catalog-acts.tsx';

type Form = 'meter' | 'price' | 'feature';

/** Meters, the prices on them, and the features that they count, with how each stands in Stripe. */
export function MetersAndPrices({
  mayManage,
  isConnected,
}: {
  mayManage: boolean;
  /** Stripe can be asked: meters and prices are made there at once. */
  isConnected: boolean;
}) {
  const catalog = useQuery(consoleQuery('metering.catalog', {}));
  const acts = useCatalogActs();
  const [form, setForm] = useState<Form | null>(null);
  const [openPriceId, setOpenPriceId] = useState<string | null>(null);
  if (catalog.isPending) return <LoadingRows count={8} label="Loading meters and prices" />;
  if (catalog.isError) {
    return <ErrorState error={catalog.error} onRetry={() => void catalog.refetch()} />;
  }
  const { meters, prices, featureMeters, features } = catalog.data;
  const openPrice = prices.find(({ id }) => id === openPriceId);
  const activeMeters = meters.filter(({ active }) => active);
  const summingMeters = activeMeters.filter(({ formula }) => formula === 'sum');
  const mayChange = mayManage && isConnected;
  return (
    <div className={classes.sections}>
      {openPrice === undefined && <CommandFailure error={acts.error} />}
      {isConnected && <Step catalog={catalog.data} maySend={mayChange} acts={acts} />}
      <section aria-label="Meters">
        <div className={classes.sectionHead}>
          <h2 className={classes.heading}>Meters</h2>
          {mayChange && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<PlusIcon size={14} />}
              onClick={() => setForm('meter')}
            >
              New meter
            </Button>
          )}
        </div>
        <MetersTable meters={meters} acts={mayChange ? acts : null} />
      </section>
      <section aria-label="Metered prices">
        <div className={classes.sectionHead}>
          <h2 className={classes.heading}>Metered prices</h2>
          {mayChange && activeMeters.length > 0 && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<PlusIcon size={14} />}
              onClick={() => setForm('price')}
            >
              New price
            </Button>
          )}
        </div>
        <PricesTable prices={prices} onOpen={setOpenPriceId} />
      </section>
      <section aria-label="Metered features">
        <div className={classes.sectionHead}>
          <h2 className={classes.heading}>Metered features</h2>
          {mayManage && summingMeters.length > 0 && features.length > 0 && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<PlusIcon size={14} />}
              onClick={() => setForm('feature')}
            >
              Meter a feature
            </Button>
          )}
        </div>
        <FeatureMetersTable bindings={featureMeters} acts={mayManage ? acts : null} />
      </section>
      {form === 'meter' && <MeterForm onClose={() => setForm(null)} />}
      {form === 'price' && <PriceForm meters={activeMeters} onClose={() => setForm(null)} />}
      {form === 'feature' && (
        <FeatureMeterForm
          features={features}
          meters={summingMeters}
          onClose={() => setForm(null)}
        />
      )}
      {openPrice !== undefined && (
        <PriceDrawer
          key={openPrice.id}
          price={openPrice}
          acts={acts}
          mayChange={mayChange}
          onClose={() => setOpenPriceId(null)}
        />
      )}
      {acts.question}
    </div>
  );
}

/** Whether Stripe has it all as it is here, and the button that makes it so. */
function Step({
  catalog,
  maySend,
  acts,
}: {
  catalog: MeteringCatalog;
  maySend: boolean;
  acts: ReturnType<typeof useCatalogActs>;
}) {
  const all = [...catalog.meters, ...catalog.prices];
  if (all.length === 0) return null;
  const count = all.filter(isOutOfStep).length;
  return (
    <div className={classes.step}>
      <span role="status">
        {count === 0
          ? 'Meters and prices are in Stripe as they are here.'
          : `${formatQuantity(count, 'item')} ${count === 1 ? 'is not in Stripe as it is' : 'are not in Stripe as they are'} here.`}
      </span>
      {maySend && count > 0 && (
        <Button
          size="compact-sm"
          loading={acts.running?.kind === 'sync'}
          disabled={acts.running !== null}
          onClick={() => acts.start({ kind: 'sync' })}
        >
          Send to Stripe
        </Button>
      )}
    </div>
  );
}
