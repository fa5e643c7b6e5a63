import { ActionIcon, Anchor, Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { useLedgerForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatCredits, formatQuantity } from '#renderer/format/credits.ts';
import { reasonLabel } from '#renderer/format/labels.ts';
import { formatDate, formatInstantExact } from '#renderer/format/time.ts';
import { customerPath, transactionsPath } from '#renderer/navigation/paths.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { CloseIcon, ExternalIcon, ReverseIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { TypeBadge } from '#renderer/ui/TypeBadge.tsx';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import type { Transaction } from '#shared/ipc/vocabulary.ts';
import classes from './Transactions.module.css';

export type TransactionPlace = Pick<Transaction, 'customerId'> & {
  transactionId: Transaction['id'];
};
type Details = Output<Contract['transactions.get']>;

/** All there is to know of one transaction, beside the list. */
export function TransactionPanel({
  place,
  onClose,
  onShow,
}: {
  place: TransactionPlace;
  onClose: () => void;
  /** Another transaction was asked for, such as the one that this one reverses. */
  onShow: (place: TransactionPlace) => void;
}) {
  const details = useQuery(consoleQuery('transactions.get', place));
  return (
    <aside className={classes.panel} aria-label="Transaction details">
      <div className={classes.panelHead}>
        <h2 className={classes.panelTitle}>Transaction</h2>
        <CopyableId value={place.transactionId} label="Transaction id" />
        <ActionIcon className={classes.panelClose} aria-label="Close details" onClick={onClose}>
          <CloseIcon />
        </ActionIcon>
      </div>
      <div className={classes.panelBody}>
        {details.data !== undefined ? (
          <TransactionDetails details={details.data} onShow={onShow} />
        ) : details.isError ? (
          <ErrorState error={details.error} onRetry={() => void details.refetch()} />
        ) : (
          <LoadingRows count={9} label="Loading the transaction" />
        )}
      </div>
      {details.data !== undefined && <PanelFoot details={details.data} />}
    </aside>
  );
}

function PanelFoot({ details }: { details: Details }) {
  const { transaction, reversible } = details;
  const mayReverse = useAbility('reverse');
  const forms = useLedgerForms();
  return (
    <div className={classes.panelFoot}>
      {mayReverse && reversible > 0 && (
        <Button
          variant="default"
          leftSection={<ReverseIcon size={14} />}
          onClick={() =>
            forms.openReverse({
              customerId: transaction.customerId,
              transactionId: transaction.id,
            })
          }
        >
          Reverse…
        </Button>
      )}
      <span className={classes.footHint}>
        {reversible > 0
          ? reversible === Math.abs(transaction.amount)
            ? 'All of it can still be reversed.'
            : `${formatCredits(reversible)} of it can still be reversed.`
          : 'Nothing of it is left to reverse.'}
      </span>
    </div>
  );
}

function TransactionDetails({
  details,
  onShow,
}: {
  details: Details;
  onShow: (place: TransactionPlace) => void;
}) {
  const { timeZone } = useSession();
  const { transaction, consumptions, grants, reversals } = details;
  const { customerId } = transaction;
  const metadata = Object.entries(details.metadata);
  const putBack = consumptions.some(({ amount }) => amount < 0);
  const { reversesId } = transaction;
  return (
    <>
      <div className={classes.panelAmount}>
        <span className={classes.bigAmount}>
          <CreditAmount value={transaction.amount} signed />
        </span>
        <TypeBadge type={transaction.type} />
      </div>
      <dl className={classes.facts}>
        <Fact name="Description">{transaction.description || 'None'}</Fact>
        <Fact name="Customer">
          <Anchor component={Link} inherit href={customerPath(customerId)}>
            {transaction.customerName ?? transaction.customerEmail ?? customerId}
          </Anchor>
          {transaction.customerName !== null && transaction.customerEmail !== null && (
            <div className={classes.secondLine}>{transaction.customerEmail}</div>
          )}
          <div>
            <CopyableId value={customerId} label="Customer id" />
          </div>
          <Anchor
            component={Link}
            inherit
            className={classes.secondLine}
            href={transactionsPath({ customer: customerId })}
          >
            All transactions of this customer
          </Anchor>
        </Fact>
        <Fact name="Time">
          <time dateTime={transaction.createdAt}>
            {formatInstantExact(transaction.createdAt, timeZone)}
          </time>
        </Fact>
        <Fact name="Balance after">
          <CreditAmount value={transaction.balanceAfter} warnBelowZero />
        </Fact>
        {transaction.feature !== null && <Fact name="Feature">{transaction.feature}</Fact>}
        <Fact name="Actor">{transaction.actor}</Fact>
        {transaction.reasonCode !== null && (
          <Fact name="Reason">{reasonLabel(transaction.reasonCode)}</Fact>
        )}
        {transaction.caseLink !== null && (
          <Fact name="Case">
            <CaseLink link={transaction.caseLink} />
          </Fact>
        )}
        {reversesId !== null && (
          <Fact name="Reverses">
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => onShow({ customerId, transactionId: reversesId })}
            >
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
      </dl>
      {consumptions.length > 0 && (
        <Section title={putBack ? 'Credits went back to' : 'Paid by these grants'}>
          {consumptions.map((each) => (
            <Line
              key={`${each.grantId} ${each.amount}`}
              amount={Math.abs(each.amount)}
              first={<TypeBadge type={each.source} />}
              second={[each.description, expiryInWords(each.expiresAt, timeZone)]}
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
              second={[expiryInWords(each.expiresAt, timeZone)]}
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
              <Button
                size="compact-xs"
                variant="subtle"
                onClick={() => onShow({ customerId, transactionId: each.transactionId })}
              >
                Show
              </Button>
            </Line>
          ))}
        </Section>
      )}
      {metadata.length > 0 && (
        <Section title="Metadata">
          <dl className={classes.facts}>
            {metadata.map(([name, value]) => (
              <Fact key={name} name={name}>
                <span className={classes.metadata}>
                  {typeof value === 'string' ? value : JSON.stringify(value)}
                </span>
              </Fact>
            ))}
          </dl>
        </Section>
      )}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
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
  children?: ReactNode;
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

function expiryInWords(expiresAt: string | null, timeZone: string): string {
  return expiresAt === null ? 'no expiry' : `expires ${formatDate(expiresAt, timeZone)}`;
}
