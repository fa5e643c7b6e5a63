import { Tabs } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useRef, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { BillingTab } from '#renderer/features/billing/billing.tsx';
import { SimulateUse } from '#renderer/features/feature-costs/feature-costs.tsx';
import { MeteredTab } from '#renderer/features/metered-usage/metered-usage.tsx';
import { formatCredits } from '#renderer/format/credits.ts';
import {
  CUSTOMER_TABS,
  type CustomerTab,
  customerPath,
  paths,
} from '#renderer/navigation/paths.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { CreditsTab } from './CreditsTab.tsx';
import { CustomerAside } from './CustomerAside.tsx';
import { CustomerHeader } from './CustomerHeader.tsx';
import { CustomerSkeleton } from './CustomerSkeleton.tsx';
import { customerName } from './customer-name.ts';
import styles from './customer-page.module.css';
import { NotesTab } from './NotesTab.tsx';
import { useCustomer } from './queries.ts';
import { TimelineTab } from './TimelineTab.tsx';
import { TransactionDrawer } from './TransactionDrawer.tsx';
import { TransactionsTab } from './TransactionsTab.tsx';
import { UsageTab } from './UsageTab.tsx';

const TAB_LABELS: Record<CustomerTab, string> = {
  timeline: 'Timeline',
  credits: 'Credits',
  transactions: 'Transactions',
  usage: 'Usage',
  billing: 'Billing',
  metered: 'Metered',
  notes: 'Notes',
};

/** One customer: who it is, what is available, why, and what can be done about it. */
export function CustomerPage({ customerId }: { customerId: string }) {
  const customer = useCustomer(customerId);
  const [, navigate] = useLocation();
  const asked = new URLSearchParams(useSearch()).get('tab');
  const tab = CUSTOMER_TABS.find((each) => each === asked) ?? 'timeline';
  const [shownTransaction, setShownTransaction] = useState<string | null>(null);
  const [isSimulating, setSimulating] = useState(false);

  // One note can be written at a time: in its tab, or else beside the others.
  const composer = useRef<HTMLTextAreaElement>(null);

  // Beside the record the tables would get too narrow: it goes below, and the page scrolls as a whole.
  const isNarrow = useMediaQuery('(width < 960px)', false, { getInitialValueInEffect: false });

  // A tab is a view of the same place: Back leads to where the person came from.
  const showTab = (next: CustomerTab) =>
    navigate(customerPath(customerId, next), { replace: true });

  if (customer.data === undefined) {
    return (
      <Page layout="fill">
        {customer.isError ? (
          <ErrorState
            error={customer.error}
            onRetry={() => void customer.refetch()}
            actions={
              <LinkButton to={paths.customers} size="xs">
                All customers
              </LinkButton>
            }
          />
        ) : (
          <CustomerSkeleton />
        )}
      </Page>
    );
  }
  return (
    <Page layout={isNarrow ? 'scroll' : 'fill'}>
      <div className={styles.customer} data-narrow={isNarrow || undefined}>
        <CustomerHeader
          customer={customer.data}
          onAddNote={() => composer.current?.focus()}
          onSimulate={() => setSimulating(true)}
        />
        <div className={styles.columns}>
          <Tabs
            className={styles.main}
            value={tab}
            onChange={(next) => {
              const chosen = CUSTOMER_TABS.find((each) => each === next);
              if (chosen !== undefined) showTab(chosen);
            }}
          >
            <Tabs.List className={styles.tabs} aria-label="About this customer">
              {CUSTOMER_TABS.map((each) => (
                <Tabs.Tab key={each} value={each}>
                  {TAB_LABELS[each]}
                  {each === 'notes' && customer.data.notes.length > 0 && (
                    <span className={styles.tabCount}>
                      {formatCredits(customer.data.notes.length)}
                    </span>
                  )}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value="timeline" className={styles.panel}>
              <TimelineTab customer={customer.data} onOpenTransaction={setShownTransaction} />
            </Tabs.Panel>
            <Tabs.Panel value="credits" className={styles.panel}>
              <CreditsTab customerId={customerId} onOpenTransaction={setShownTransaction} />
            </Tabs.Panel>
            <Tabs.Panel value="transactions" className={styles.panelFilled}>
              <TransactionsTab
                customerId={customerId}
                shownId={shownTransaction}
                onOpenTransaction={setShownTransaction}
              />
            </Tabs.Panel>
            <Tabs.Panel value="usage" className={styles.panel}>
              <UsageTab customerId={customerId} />
            </Tabs.Panel>
            <Tabs.Panel value="billing" className={styles.panel}>
              <BillingTab customerId={customerId} onOpenTransaction={setShownTransaction} />
            </Tabs.Panel>
            <Tabs.Panel value="metered" className={styles.panel}>
              <MeteredTab customerId={customerId} />
            </Tabs.Panel>
            <Tabs.Panel value="notes" className={styles.panel}>
              <NotesTab customer={customer.data} composerRef={composer} />
            </Tabs.Panel>
          </Tabs>
          <CustomerAside
            customer={customer.data}
            withNotes={tab !== 'notes'}
            composerRef={composer}
            onShowNotes={() => showTab('notes')}
          />
        </div>
      </div>
      <TransactionDrawer
        customerId={customerId}
        transactionId={shownTransaction}
        onShow={setShownTransaction}
        onClose={() => setShownTransaction(null)}
      />
      {isSimulating && (
        <SimulateUse
          customerId={customer.data.id}
          customerName={customerName(customer.data)}
          onClose={() => setSimulating(false)}
        />
      )}
    </Page>
  );
}
