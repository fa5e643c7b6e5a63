import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core';
import { useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { levelWords, useCustomerAlerts } from '#renderer/features/alerts/alerts.tsx';
import { useBillingForms } from '#renderer/features/billing/billing.tsx';
import { useLedgerForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatDate } from '#renderer/format/time.ts';
import { transactionsPath } from '#renderer/navigation/paths.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import {
  FeaturesIcon,
  MinusIcon,
  MoreIcon,
  NoteIcon,
  PlusIcon,
  TransactionsIcon,
} from '#renderer/ui/icons.tsx';
import { StatTile } from '#renderer/ui/StatTile.tsx';
import { keysInWords, useShortcut } from '#renderer/ui/shortcuts.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import { customerName } from './customer-name.ts';
import styles from './customer-page.module.css';

export type Customer = Output<Contract['customers.get']>;

/** Who it is, what is available, and what can be done: always in sight. */
export function CustomerHeader({
  customer,
  onAddNote,
  onSimulate,
}: {
  customer: Customer;
  onAddNote: () => void;
  /** A dry run of a use was asked for. */
  onSimulate: () => void;
}) {
  const { balance } = customer;
  const level = useCustomerAlerts(customer.id).data?.level ?? null;
  const levelHint = level === null ? undefined : levelWords(level).label;
  return (
    <header className={styles.header}>
      <div className={styles.identity}>
        <h1 className={styles.name}>{customerName(customer)}</h1>
        <div className={styles.ids}>
          {customer.email !== null && customer.email !== customerName(customer) && (
            <span className={styles.email}>{customer.email}</span>
          )}
          <CopyableId value={customer.id} label="Customer id" />
          {customer.stripeCustomerId !== null && (
            <CopyableId value={customer.stripeCustomerId} label="Stripe id" />
          )}
        </div>
      </div>
      <Actions customer={customer} onAddNote={onAddNote} onSimulate={onSimulate} />
      <div className={styles.figures}>
        <StatTile
          size="large"
          label="Available"
          value={<CreditAmount value={balance.available} warnBelowZero />}
          hint={balance.available < 0 ? 'Below zero' : levelHint}
        />
        <StatTile label="Balance" value={<CreditAmount value={balance.balance} warnBelowZero />} />
        <StatTile label="Held" value={<CreditAmount value={balance.held} />} />
        <StatTile
          label="Next expiry"
          value={
            balance.nextExpiry === null ? (
              <span className={styles.muted}>None</span>
            ) : (
              <CreditAmount value={balance.nextExpiry.amount} />
            )
          }
          hint={
            balance.nextExpiry === null ? undefined : (
              <NextExpiry expiresAt={balance.nextExpiry.expiresAt} />
            )
          }
        />
        <StatTile label="Lifetime bought" value={<CreditAmount value={balance.lifetime} />} />
      </div>
    </header>
  );
}

function NextExpiry({ expiresAt }: { expiresAt: string }) {
  const { timeZone } = useSession();
  return (
    <>
      {formatDate(expiresAt, timeZone)} (<InstantText iso={expiresAt} />)
    </>
  );
}

function Actions({
  customer,
  onAddNote,
  onSimulate,
}: {
  customer: Customer;
  onAddNote: () => void;
  onSimulate: () => void;
}) {
  const forms = useLedgerForms();
  const billingForms = useBillingForms();
  const [, navigate] = useLocation();
  const mayGrant = useAbility('grant');
  const mayAdjust = useAbility('adjust');
  const mayAddNote = useAbility('addNote');
  const maySell = useAbility('sell');
  // The menu gives the focus back to its button, unless a note is to be written or a drawer opens.
  const [goesElsewhere, setGoesElsewhere] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const grant = () => forms.openGrant(customer.id);
  const adjust = () => forms.openAdjustDown(customer.id);
  useShortcut('customer-grant', grant, { enabled: mayGrant });
  useShortcut('customer-adjust', adjust, { enabled: mayAdjust });
  useShortcut('customer-note', onAddNote, { enabled: mayAddNote });
  return (
    <div className={styles.actions}>
      {mayGrant && (
        <Tooltip label={`Grant credits (${keysInWords('customer-grant')})`}>
          <Button leftSection={<PlusIcon size={14} />} onClick={grant}>
            Grant
          </Button>
        </Tooltip>
      )}
      {mayAdjust && (
        <Tooltip label={`Take credits away (${keysInWords('customer-adjust')})`}>
          <Button variant="default" leftSection={<MinusIcon size={14} />} onClick={adjust}>
            Adjust down
          </Button>
        </Tooltip>
      )}
      {maySell && (
        <Button variant="default" onClick={() => billingForms.openSale(customer.id)}>
          Sell credits…
        </Button>
      )}
      <Menu
        position="bottom-end"
        withinPortal
        returnFocus={!goesElsewhere}
        onOpen={() => setGoesElsewhere(false)}
      >
        <Menu.Target>
          <ActionIcon ref={more} variant="default" size={30} aria-label="More actions">
            <MoreIcon />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {mayAddNote && (
            <Menu.Item
              leftSection={<NoteIcon size={14} />}
              onClick={() => {
                setGoesElsewhere(true);
                onAddNote();
              }}
            >
              Add a note
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={<FeaturesIcon size={14} />}
            onClick={() => {
              setGoesElsewhere(true);
              // Where the drawer gives the focus back to: the menu is gone by then.
              more.current?.focus();
              onSimulate();
            }}
          >
            Simulate a use…
          </Menu.Item>
          <Menu.Item
            leftSection={<TransactionsIcon size={14} />}
            onClick={() => navigate(transactionsPath({ customer: customer.id }))}
          >
            Show in the transaction log
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}
