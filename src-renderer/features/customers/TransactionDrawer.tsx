import { Button, Group } from '@mantine/core';
import type { ReactNode } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { useLedgerForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { reasonLabel } from '#renderer/format/labels.ts';
import { formatDate, formatInstantExact } from '#renderer/format/time.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { ExternalIcon, ReverseIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { TypeBadge } from '#renderer/ui/TypeBadge.tsx';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import type { TransactionType } from '#shared/ipc/vocabulary.ts';
import styles from './customer-page.module.css';
import { useTransaction } from './queries.ts';

/** Debits that pay for nothing: they take credits off the grants they concern. */
const TAKEN_NOT_PAID: readonly TransactionType[] = ['reversal', 'clawback', 'expire'];
/** Metadata that stands among the facts already. */
const SHOWN_AS_FACTS: readonly string[] = ['reason_code', 'case_link'];

type Detail = Output<Contract['transactions.get']>;

/** One transaction of the customer: which grants paid it or came of it, its reversals, and who did it. */
export function TransactionDrawer({
  customerId,
  transactionId,
  onShow,
  onClose,
}: {
  customerId: string;
  /** null: closed. */
  transactionId: string | null;
  onShow: (transactionId: string) => void;
  onClose: () => void;
}) {
  const query = useTransaction(customerId, transactionId);
  const mayReverse = useAbility('reverse');
  const forms = useLedgerForms();
  const detail = transactionId === null ? undefined : query.data;
  return (
    <SideDrawer
      opened={transactionId !== null}
      onClose={onClose}
      title="Transaction"
      foot={
        detail !== undefined && mayReverse && detail.reversible > 0 ? (
          <Group justify="space-between" gap="sm">
            <span className={styles.mutedLine}>
              {formatCreditsInWords(detail.reversible)} can still be reversed.
            </span>
            <Button
              variant="default"
              leftSection={<ReverseIcon size={14} />}
              onClick={() => {
                onClose();
                forms.openReverse({ customerId, transactionId: detail.transaction.id });
              }}
            >
              Reverse…
            </Button>
          </Group>
        ) : undefined
      }
    >
      {detail !== undefined ? (
        <TransactionDetail detail={detail} onShow={onShow} />
      ) : query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <LoadingRows count={8} label="Loading the transaction" />
      )}
    </SideDrawer>
  );
}

function TransactionDetail({
  detail,
  onShow,
}: {
  detail: Detail;
  onShow: (transactionId: string) => void;
}) {
  const { timeZone } = useSession();
  const { transaction, consumptions, grants, reversals } = detail;
  const { reversesId } = transaction;
  const metadata = Object.entries(detail.metadata).filter(
    ([name]) => !SHOWN_AS_FACTS.includes(name),
  );
  const expiry = (expiresAt: string | null) =>
    expiresAt === null ? 'never expires' : `expires ${formatDate(expiresAt, timeZone)}`;
  return (
    <>
      <p className={styles.detailAmount}>
        <CreditAmount value={transaction.amount} signed />
        <TypeBadge type={transaction.type} />
      </p>
      <dl className={styles.facts}>
        <Fact name="Description">{transaction.description || 'None'}</Fact>
        <Fact name="Time">{formatInstantExact(transaction.createdAt, timeZone)}</Fact>
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
        <Fact name="Id">
          <CopyableId value={transaction.id} label="Transaction id" />
        </Fact>
        {reversesId !== null && (
          <Fact name="Reverses">
            <ShowButton id={reversesId} onShow={onShow} />
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
        <DetailSection
          title={
            consumptions.some(({ amount }) => amount < 0)
              ? 'Credits went back to'
              : TAKEN_NOT_PAID.includes(transaction.type)
                ? 'Taken from these grants'
                : 'Paid by these grants'
          }
        >
          {consumptions.map((each) => (
            <DetailRow
              key={`${each.grantId} ${each.amount}`}
              words={<TypeBadge type={each.source} />}
              more={[each.description, expiry(each.expiresAt)]}
              amount={Math.abs(each.amount)}
            />
          ))}
        </DetailSection>
      )}
      {grants.length > 0 && (
        <DetailSection title={grants.length === 1 ? 'Made this grant' : 'Made these grants'}>
          {grants.map((each) => (
            <DetailRow
              key={each.grantId}
              words={
                <>
                  <CreditAmount value={each.remaining} /> left
                </>
              }
              more={[expiry(each.expiresAt)]}
              amount={each.granted}
            />
          ))}
        </DetailSection>
      )}
      {reversals.length > 0 && (
        <DetailSection title="Reversed by">
          {reversals.map((each) => (
            <DetailRow
              key={each.transactionId}
              words={<ShowButton id={each.transactionId} onShow={onShow} />}
              more={[each.description, each.actor, formatInstantExact(each.createdAt, timeZone)]}
              amount={each.amount}
              signed
            />
          ))}
        </DetailSection>
      )}
      {metadata.length > 0 && (
        <DetailSection title="Metadata">
          <dl className={styles.facts}>
            {metadata.map(([name, value]) => (
              <Fact key={name} name={name}>
                <span className={styles.metadata}>
                  {typeof value === 'string' ? value : JSON.stringify(value)}
                </span>
              </Fact>
            ))}
          </dl>
        </DetailSection>
      )}
    </>
  );
}

function ShowButton({ id, onShow }: { id: string; onShow: (transactionId: string) => void }) {
  return (
    <Button size="compact-xs" variant="default" onClick={() => onShow(id)}>
      Transaction {id}
    </Button>
  );
}

/** An https address opens in the browser; a case number is there to copy. */
function CaseLink({ link }: { link: string }) {
  const open = useCommand('settings.openCaseLink');
  if (!link.startsWith('https://')) return <CopyableId value={link} label="Case" />;
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        title={link}
        rightSection={<ExternalIcon size={12} />}
        onClick={() => open.mutate({ url: link })}
      >
        Open the case
      </Button>
      {open.isError && <span role="alert"> {open.error.message}</span>}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function DetailSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.detailSection}>
      <h3 className={styles.detailTitle}>{title}</h3>
      {children}
    </section>
  );
}

function DetailRow(props: {
  words: ReactNode;
  more: readonly string[];
  amount: number;
  signed?: boolean;
}) {
  return (
    <div className={styles.detailRow}>
      <div className={styles.detailWords}>
        <div>{props.words}</div>
        <div className={styles.mutedLine}>{props.more.filter(Boolean).join(', ')}</div>
      </div>
      <CreditAmount value={props.amount} signed={props.signed ?? false} />
    </div>
  );
}
