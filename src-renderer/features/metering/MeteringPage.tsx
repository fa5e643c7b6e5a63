import { Anchor, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation, useSearch } from 'wouter';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useAbility } from '#renderer/api/session.tsx';
import { isStripeUsable } from '#renderer/api/stripe-usable.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { Delivery } from './Delivery.tsx';
import { MetersAndPrices } from './MetersAndPrices.tsx';
import classes from './metering.module.css';
import { type MeteringPlace, meteringAddress, readMeteringPlace } from './metering-place.ts';

/** What is charged by use: meters and prices, and how usage gets to Stripe. The address keeps the tab and the filter. */
export function MeteringPage() {
  const status = useQuery(consoleQuery('stripe.status', {}));
  const mayManage = useAbility('manageStripe');
  const [, navigate] = useLocation();
  const place = readMeteringPlace(useSearch());
  const isConnected = isStripeUsable(status.data);
  // A tab or filter is a view of the same place: Back leads to where the person came from.
  const show = (next: MeteringPlace) =>
    navigate(meteringAddress(paths.metering, next), { replace: true });
  return (
    <Page layout="fill">
      <PageHeader
        title="Metering"
        description="What is charged by actual use: reports of usage are counted by meters in Stripe, and billed by metered prices after each period."
      />
      {status.data !== undefined && !isConnected && (
        <p className={classes.note}>
          {status.data.problem?.message ??
            'No Stripe account is connected: nothing can be made or sent. Reports of usage are kept and sent once one is.'}{' '}
          <Anchor component={Link} inherit href={paths.stripeSettings}>
            Settings, Stripe
          </Anchor>
        </p>
      )}
      {!mayManage && (
        <p className={classes.note}>
          You can read this page. Changing anything here takes a role that may manage Stripe and the
          catalog.
        </p>
      )}
      <Tabs
        className={classes.tabs}
        value={place.tab}
        keepMounted={false}
        onChange={(tab) => show({ ...place, tab: tab === 'delivery' ? 'delivery' : 'prices' })}
      >
        <Tabs.List aria-label="Metering">
          <Tabs.Tab value="prices">Meters and prices</Tabs.Tab>
          <Tabs.Tab value="delivery">Delivery</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="prices" className={classes.panel}>
          <MetersAndPrices mayManage={mayManage} isConnected={isConnected} />
        </Tabs.Panel>
        <Tabs.Panel value="delivery" className={classes.panelFilled}>
          <Delivery
            filter={place}
            onFilter={(filter) => show({ tab: 'delivery', ...filter })}
            maySend={mayManage && isConnected}
          />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
