import { Anchor, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation, useSearch } from 'wouter';
import { consoleQuery } from '#renderer/api/queries.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { AlertList } from './AlertList.tsx';
import classes from './alerts.module.css';
import { type AlertsPlace, alertsAddress, readAlertsPlace } from './alerts-place.ts';
import { DeliveryLog } from './DeliveryLog.tsx';

/** Who is low on credits or out of them, and what was told of it. The address keeps the tab and the filters. */
export function AlertsPage() {
  const [, navigate] = useLocation();
  const place = readAlertsPlace(useSearch());
  // A tab or filter is a view of the same place: Back leads to where the person came from.
  const show = (next: AlertsPlace) => navigate(alertsAddress(next), { replace: true });
  return (
    <Page layout="fill">
      <PageHeader
        title="Alerts"
        description={
          <>
            Customers who are low on credits or have none left, the latest active first.
            <HowTold />
          </>
        }
      />
      <Tabs
        className={classes.tabs}
        value={place.tab}
        onChange={(tab) => show({ ...place, tab: tab === 'log' ? 'log' : 'customers' })}
      >
        <Tabs.List aria-label="Alerts">
          <Tabs.Tab value="customers">Customers</Tabs.Tab>
          <Tabs.Tab value="log">Delivery log</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="customers" className={classes.panel}>
          <AlertList level={place.level} onLevel={(level) => show({ ...place, level })} />
        </Tabs.Panel>
        <Tabs.Panel value="log" className={classes.panel}>
          <DeliveryLog filter={place} onFilter={(filter) => show({ ...place, ...filter })} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

/** Over which channels they are told at present, and where that is changed. */
function HowTold() {
  const { data, isError } = useQuery(consoleQuery('notifications.settings', {}));
  const word = (isOn: boolean) => (isOn ? 'on' : 'off');
  return (
    <span className={classes.howTold}>
      {data !== undefined &&
        `E-mail ${word(data.settings.emailEnabled)} · Webhook ${word(data.settings.webhookEnabled)} · Desktop notices ${word(data.settings.desktopEnabled)}. `}
      {isError && 'How they are told could not be read. '}
      <Anchor component={Link} inherit underline="always" href={paths.notificationSettings}>
        Settings, Notifications
      </Anchor>
    </span>
  );
}
