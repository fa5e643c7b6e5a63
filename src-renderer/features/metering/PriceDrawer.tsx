import { Button } from '@mantine/core';
import { useRef } from 'react';
import { PriceCurve } from '#renderer/charts/PriceCurve.tsx';
import { billingIntervalLabel, priceInWords } from '#renderer/format/metering.ts';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { Fact, Facts } from '#renderer/ui/Facts.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { useFocusAfterAct } from '#renderer/ui/use-focus-after-act.ts';
import type { ListedPrice } from '#shared/ipc/metering.ts';
import { ActiveState } from './ActiveState.tsx';
import { MeteringLink } from './MeteringLink.tsx';
import classes from './metering.module.css';
import { PriceCalculator } from './PriceCalculator.tsx';
import { TierTable } from './TierTable.tsx';
import type { CatalogActs } from './use-catalog-acts.tsx';

/** One metered price: its tiers, what it comes to, and a calculator. */
export function PriceDrawer({
  price,
  acts,
  mayChange,
  onClose,
}: {
  price: ListedPrice;
  acts: CatalogActs;
  mayChange: boolean;
  onClose: () => void;
}) {
  const { id, name, active, tiers, currency } = price;
  const isActing = acts.running?.kind === 'price' && acts.running.id === id;
  const switchButton = useRef<HTMLButtonElement>(null);
  useFocusAfterAct(isActing, switchButton);
  return (
    <SideDrawer
      opened
      // Esc reaches the question that lies over the drawer and the drawer alike.
      onClose={() => {
        if (!acts.isAsking) onClose();
      }}
      title={name}
      width={620}
      foot={
        mayChange && (
          <div className={classes.acts}>
            <Button
              ref={switchButton}
              variant="default"
              loading={isActing}
              onClick={() => acts.start({ kind: 'price', id, name, active: !active })}
            >
              {active ? 'Deactivate' : 'Activate'}
            </Button>
          </div>
        )
      }
    >
      <div className={classes.details}>
        <CommandFailure error={acts.errorOfPrice(id)} />
        <Facts>
          <Fact name="State">
            <ActiveState active={active} />
          </Fact>
          <Fact name="In Stripe">
            <MeteringLink link={price.link} name={name} />
          </Fact>
          <Fact name="Meter">{price.eventName}</Fact>
          <Fact name="Costs">
            {priceInWords(price)}, {currency.toUpperCase()}, billed{' '}
            {billingIntervalLabel(price.interval)}
          </Fact>
          <Fact name="Key">
            <CopyableId value={id} label="Key" />
          </Fact>
          <Fact name="Changed">
            <InstantText iso={price.changedAt} show="date" /> by {price.changedBy}
          </Fact>
        </Facts>
        <section aria-label="Tiers">
          <h3 className={classes.detailsHeading}>Tiers</h3>
          <TierTable tiers={tiers} currency={currency} />
        </section>
        <PriceCurve tiers={tiers} currency={currency} />
        <section aria-label="Calculator">
          <h3 className={classes.detailsHeading}>Calculator</h3>
          <PriceCalculator tiers={tiers} currency={currency} />
        </section>
      </div>
    </SideDrawer>
  );
}
