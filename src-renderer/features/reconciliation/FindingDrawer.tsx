import { Anchor, Button } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import { useCommand } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { formatUnits } from '#renderer/format/metering.ts';
import { formatInstant } from '#renderer/format/time.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { useDiscardQuestion } from '#renderer/ui/DiscardQuestion.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { Fact, Facts } from '#renderer/ui/Facts.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { ExternalIcon } from '#renderer/ui/icons.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import type { Finding } from '#shared/ipc/reconciliation.ts';
import { RepairForm, type RepairStand } from './RepairForm.tsx';
import classes from './reconciliation.module.css';
import { bucketWords, creditsOrNone, customerOf } from './run-words.ts';
import { stripePageOf } from './stripe-page.ts';

/** One difference: both sides of it, and its repair where the role may. */
export function FindingDrawer({
  finding,
  mayRepair,
  onClose,
}: {
  finding: Finding;
  /** Stripe can be asked; the ability is looked at here. */
  mayRepair: boolean;
  onClose: () => void;
}) {
  const mayManage = useAbility('manageStripe');
  const [stand, setStand] = useState<RepairStand>('free');
  const { leave, question } = useDiscardQuestion({
    hasDraft: stand !== 'free',
    isHeld: stand === 'held',
    words:
      stand === 'unknown'
        ? 'The repair may or may not have been posted: open the difference again to see, and trying again posts nothing twice. If you close it now, the note is lost.'
        : 'What you entered has not been posted. If you close the difference now, it is lost.',
    onLeave: onClose,
  });
  const { label, sentence } = bucketWords(finding.bucket);
  const isOpen = finding.state === 'open';
  return (
    <>
      <SideDrawer opened onClose={leave} title={label} width={500}>
        <div className={classes.drawer}>
          <div>
            <p className={classes.detail}>{finding.detail}</p>
            <p className={classes.hint}>{sentence}</p>
          </div>
          <FindingFacts finding={finding} />
          {isOpen && mayManage && mayRepair && (
            <RepairForm finding={finding} onStand={setStand} onRepaired={onClose} />
          )}
          {isOpen && mayManage && !mayRepair && (
            <p className={classes.hint}>
              To repair it, Stripe has to be connected: see Settings, Stripe.
            </p>
          )}
          {isOpen && !mayManage && (
            <p className={classes.hint}>
              The database role in use may not repair it: someone who manages Stripe can.
            </p>
          )}
        </div>
      </SideDrawer>
      {question}
    </>
  );
}

function FindingFacts({ finding }: { finding: Finding }) {
  const { customerId, usage, repairedAt } = finding;
  return (
    <Facts>
      <Fact name="Customer">
        {customerId === null ? (
          'Not known'
        ) : (
          <>
            <Anchor component={Link} inherit href={customerPath(customerId)}>
              {customerOf(finding)}
            </Anchor>{' '}
            {finding.customerName !== null && <CopyableId value={customerId} label="Customer id" />}
          </>
        )}
      </Fact>
      {usage === null ? (
        <PaymentFacts finding={finding} />
      ) : (
        <UsageFacts usage={usage} customerId={customerId} />
      )}
      {finding.state === 'repaired' && (
        <Fact name="Repaired">
          {repairedAt !== null && <InstantText iso={repairedAt} />}
          {finding.repairedByTransactionId !== null && (
            <>
              {' as '}
              <LedgerSide customerId={customerId} transactionId={finding.repairedByTransactionId} />
            </>
          )}
        </Fact>
      )}
    </Facts>
  );
}

function PaymentFacts({ finding }: { finding: Finding }) {
  const { customerId, price } = finding;
  return (
    <>
      <Fact name="Expected">{creditsOrNone(finding.expectedCredits)}</Fact>
      <Fact name="Found">{creditsOrNone(finding.foundCredits)}</Fact>
      {price !== null && (
        <Fact name="Money">
          <MoneyAmount value={price} />
        </Fact>
      )}
      <Fact name="In the ledger">
        <LedgerSide customerId={customerId} transactionId={finding.transactionId} />
      </Fact>
      <Fact name="In Stripe">
        <StripeSide finding={finding} />
      </Fact>
    </>
  );
}

function UsageFacts({
  usage,
  customerId,
}: {
  usage: NonNullable<Finding['usage']>;
  customerId: string | null;
}) {
  const { timeZone } = useSession();
  return (
    <>
      <Fact name="Meter">
        <CopyableId value={usage.eventName} label="Event name" />
      </Fact>
      <Fact name="Period">
        {formatInstant(usage.periodStart, timeZone)} to {formatInstant(usage.periodEnd, timeZone)}
      </Fact>
      <Fact name="Reported">{formatUnits(usage.expectedUnits)}</Fact>
      <Fact name="In Stripe">{formatUnits(usage.foundUnits)}</Fact>
      {customerId !== null && (
        <Fact name="Put it right">
          <Anchor component={Link} inherit href={customerPath(customerId, 'metered')}>
            The customer’s Metered tab
          </Anchor>
        </Fact>
      )}
    </>
  );
}

function LedgerSide({
  customerId,
  transactionId,
}: {
  customerId: string | null;
  transactionId: string | null;
}) {
  if (transactionId === null) return 'Nothing';
  if (customerId === null) return `Transaction ${transactionId}`;
  return (
    <Anchor component={Link} inherit href={customerPath(customerId, 'transactions')}>
      Transaction {transactionId}
    </Anchor>
  );
}

function StripeSide({ finding }: { finding: Finding }) {
  const open = useCommand('settings.openCaseLink');
  const { stripeObjectId, stripePaymentId } = finding;
  const page = stripePageOf(finding);
  const ids = [...new Set([stripeObjectId, stripePaymentId])].filter((id) => id !== null);
  if (ids.length === 0) return 'Nothing';
  return (
    <>
      {ids.map((id) => (
        <div key={id}>
          <CopyableId value={id} label={id === stripeObjectId ? 'Stripe id' : 'Payment id'} />
        </div>
      ))}
      {page !== null && (
        <Button
          size="compact-sm"
          variant="default"
          rightSection={<ExternalIcon size={12} />}
          title={page}
          onClick={() => open.mutate({ url: page })}
        >
          Open in Stripe
        </Button>
      )}
      {open.error !== null && <ErrorState error={open.error} />}
    </>
  );
}
