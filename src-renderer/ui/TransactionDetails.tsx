import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { formatCredits, formatQuantity } from '#renderer/format/credits.ts';
import { reasonLabel } from '#renderer/format/labels.ts';
import { formatUnits } from '#renderer/format/metering.ts';
import { formatExpiry, formatInstantExact } from '#renderer/format/time.ts';
import type { TransactionId } from '#shared/ids.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import type { TransactionType } from '#shared/ipc/vocabulary.ts';
import { CopyableId } from './CopyableId.tsx';
import { CreditAmount } from './CreditAmount.tsx';
import { Fact, Facts, metadataText } from './Facts.tsx';
import { ExternalIcon, MoneyBackIcon, ReverseIcon } from './icons.tsx';
import classes from './TransactionDetails.module.css';
import { TypeBadge } from './TypeBadge.tsx';

type Details = Output<Contract['transactions.get']>;

/** Debits that pay for nothing: they take credits off the grants they concern. */
const TAKEN_NOT_PAID: readonly TransactionType[] = ['reversal', 'clawback', 'expire'];
/** What grants credits for money. */
const PAID_FOR: readonly TransactionType[] = ['purchase', 'subscription_allocation'];
/** Metadata that stands among the facts already. */
const SHOWN_AS_FACTS: readonly string[] = ['reason_code', 'case_link'];

/** All there is to know of one transaction: what it moved, which grants paid it or came of it, and its reversals. */
export function TransactionDetails({
  details,
  timeZone,
  customer,
  onShow,
}: {
  details: Details;
  timeZone: string;
  /** Whose transaction it is, where the place around does not say so. */
  customer?: ReactNode;
  /** Another transaction of the customer was asked for, such as the one that this one reverses. */
  onShow: (transactionId: TransactionId) => void;
}) {
  const { transaction, consumptions, grants, reversals } = details;
  const { reversesId } = transaction;
  const metered = meteredWords(details);
  const metadata = Object.entries(details.metadata).filter(
    ([name]) => !SHOWN_AS_FACTS.includes(name),
  );
  return (
    <>
      <p className={classes.amount}>
        <span className={classes.bigAmount}>
          <CreditAmount value={transaction.amount} signed />
        </span>
        <TypeBadge type={transaction.type} />
      </p>
      <Facts>
        <Fact name="Description">{transaction.description || 'None'}</Fact>
        {customer !== undefined && <Fact name="Customer">{customer}</Fact>}
        <Fact name="Time">
          <time dateTime={transaction.createdAt}>
            {formatInstantExact(transaction.createdAt, timeZone)}
          </time>
        </Fact>
        <Fact name="Balance after">
          <CreditAmount value={transaction.balanceAfter} warnBelowZero />
        </Fact>
        {transaction.feature !== null && <Fact name="Feature">{transaction.feature}</Fact>}
        {metered !== null && <Fact name="Metered">{metered}</Fact>}
        <Fact name="Actor">{transaction.actor}</Fact>
        {transaction.reasonCode !== null && (
          <Fact name="Reason">{reasonLabel(transaction.reasonCode)}</Fact>
        )}
        {transaction.caseLink !== null && (
          <Fact name="Case">
            <CaseLink link={transaction.caseLink} />
          </Fact>
        )}
        <Fact name="Id">
          <CopyableId value={transaction.id} label="Transaction id" />
        </Fact>
        {reversesId !== null && (
          <Fact name="Reverses">
            <Button size="compact-sm" variant="default" onClick={() => onShow(reversesId)}>
              Show transaction {reversesId}
            </Button>
          </Fact>
        )}
        {transaction.stripePaymentId !== null && (
          <Fact name="Payment">
            <CopyableId value={transaction.stripePaymentId} label="Payment id" />
          </Fact>
        )}
        {transaction.idempotencyKey !== null && (
          <Fact name="Idempotency key">
            <CopyableId value={transaction.idempotencyKey} label="Idempotency key" />
          </Fact>
        )}
      </Facts>
      {consumptions.length > 0 && (
        <Section
          title={
            consumptions.some(({ amount }) => amount < 0)
              ? 'Credits went back to'
              : TAKEN_NOT_PAID.includes(transaction.type)
                ? 'Taken from these grants'
                : 'Paid by these grants'
          }
        >
          {consumptions.map((each) => (
            <Line
              key={`${each.grantId} ${each.amount}`}
              amount={Math.abs(each.amount)}
              first={<TypeBadge type={each.source} />}
              second={[each.description, formatExpiry(each.expiresAt, timeZone)]}
            >
              <CopyableId value={each.grantId} label="Grant id" />
            </Line>
          ))}
        </Section>
      )}
      {grants.length > 0 && (
        <Section title={grants.length === 1 ? 'Made this grant' : 'Made these grants'}>
          {grants.map((each) => (
            <Line
              key={each.grantId}
              amount={each.granted}
              first={`${formatCredits(each.remaining)} left`}
              second={[formatExpiry(each.expiresAt, timeZone)]}
            >
              <CopyableId value={each.grantId} label="Grant id" />
            </Line>
          ))}
        </Section>
      )}
      {reversals.length > 0 && (
        <Section title={`Reversed by ${formatQuantity(reversals.length, 'transaction')}`}>
          {reversals.map((each) => (
            <Line
              key={each.transactionId}
              amount={each.amount}
              signed
              first={each.description}
              second={[each.actor, formatInstantExact(each.createdAt, timeZone)]}
            >
              <Button size="compact-xs" variant="subtle" onClick={() => onShow(each.transactionId)}>
                Show
              </Button>
            </Line>
          ))}
        </Section>
      )}
      {metadata.length > 0 && (
        <Section title="Metadata">
          <Facts>
            {metadata.map(([name, value]) => (
              <Fact key={name} name={name}>
                <span className={classes.metadata}>{metadataText(value)}</span>
              </Fact>
            ))}
          </Facts>
        </Section>
      )}
    </>
  );
}

/** What is left to reverse, in words, and the ways to undo it; for the foot below the details. */
export function TransactionReversal({
  details,
  onReverse,
  onRefund,
}: {
  details: Details;
  /** undefined: the person may not reverse. */
  onReverse: (() => void) | undefined;
  /** Offered where the credits were paid for. undefined: the person may not refund. */
  onRefund: ((stripePaymentId: string) => void) | undefined;
}) {
  const { transaction, reversible } = details;
  const { stripePaymentId } = transaction;
  return (
    <div className={classes.foot}>
      {onRefund !== undefined &&
        stripePaymentId !== null &&
        PAID_FOR.includes(transaction.type) && (
          <Button
            variant="default"
            leftSection={<MoneyBackIcon size={14} />}
            onClick={() => onRefund(stripePaymentId)}
          >
            Refund money…
          </Button>
        )}
      {onReverse !== undefined && reversible > 0 && (
        <Button variant="default" leftSection={<ReverseIcon size={14} />} onClick={onReverse}>
          Reverse…
        </Button>
      )}
      <span className={classes.secondLine}>
        {reversible > 0
          ? reversible === Math.abs(transaction.amount)
            ? 'All of it can still be reversed.'
            : `${formatCredits(reversible)} of it can still be reversed.`
          : transaction.amount === 0
            ? 'It moved no credits: there is nothing to reverse.'
            : 'Nothing of it is left to reverse.'}
      </span>
    </div>
  );
}

/** Of a use that a meter counted instead of credits: what was reported; null of every other transaction. */
function meteredWords({ transaction, metadata }: Details): string | null {
  const { meter, quantity } = metadata;
  // A feature that costs no credits has a price of 0 among its metadata, which a caller may have given a meter too.
  if (transaction.type !== 'usage' || transaction.amount !== 0 || 'unit_cost' in metadata) {
    return null;
  }
  if (typeof meter !== 'string' || typeof quantity !== 'number') return null;
  return `${formatUnits(quantity)} reported to meter ${meter}, no credits deducted`;
}

/** An https address opens in the browser; a case number is there to copy. */
function CaseLink({ link }: { link: string }) {
  const open = useCommand('settings.openCaseLink');
  if (!link.startsWith('https://')) return <CopyableId value={link} label="Case" />;
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        rightSection={<ExternalIcon size={12} />}
        title={link}
        onClick={() => open.mutate({ url: link })}
      >
        Open the case
      </Button>
      <div className={classes.secondLine}>{link}</div>
      {open.isError && <div role="alert">{open.error.message}</div>}
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.section}>
      <h3 className={classes.sectionTitle}>{title}</h3>
      {children}
    </section>
  );
}

function Line(props: {
  amount: number;
  signed?: boolean;
  first: ReactNode;
  second: readonly string[];
  children: ReactNode;
}) {
  return (
    <div className={classes.line}>
      <div className={classes.lineWords}>
        <div>{props.first}</div>
        <div className={classes.secondLine}>{props.second.filter(Boolean).join(' · ')}</div>
        {props.children}
      </div>
      <CreditAmount value={props.amount} signed={props.signed ?? false} />
    </div>
  );
}
