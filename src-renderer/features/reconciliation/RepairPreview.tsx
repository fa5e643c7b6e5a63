import { formatCredits, formatSignedCredits } from '#renderer/format/credits.ts';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { Output } from '#shared/ipc/procedure.ts';
import type { reconciliationProcedures } from '#shared/ipc/reconciliation.ts';
import classes from './reconciliation.module.css';

type Preview = NonNullable<
  Output<(typeof reconciliationProcedures)['reconciliation.previewRepair']>['preview']
>;

/** What the repair would do to balance and grants, as the ledger says; null where no customer is known to ask for. */
export function RepairPreview({ preview }: { preview: Preview | null }) {
  if (preview === null) {
    return (
      <p className={classes.hint}>
        What it does to a balance cannot be shown: no customer is known until it is done.
      </p>
    );
  }
  const { before, after, grants, alsoPosts } = preview;
  const changed = [
    { name: 'Available', before: before.available, after: after.available },
    { name: 'Balance', before: before.balance, after: after.balance },
    { name: 'Held', before: before.held, after: after.held },
    ...grants.map((grant) => ({
      name: `${transactionTypeLabel(grant.source)}${grant.description === '' ? '' : `, ${grant.description}`}`,
      before: grant.remainingBefore,
      after: grant.remainingAfter,
    })),
  ].filter((row, index) => index === 0 || row.before !== row.after);
  const posted = after.balance - before.balance;
  return (
    <>
      <Table
        label="Before and after"
        head={
          <>
            <th scope="col">Credits</th>
            <th scope="col" data-number>
              Before
            </th>
            <th scope="col" data-number>
              After
            </th>
          </>
        }
      >
        {changed.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: grants of one description may be many, and rows never move
          <tr key={index}>
            <th scope="row" data-wrap>
              {row.name}
            </th>
            <td data-number>
              {row.before === null ? 'none' : <CreditAmount value={row.before} warnBelowZero />}
            </td>
            <td data-number>
              <CreditAmount value={row.after} warnBelowZero />
            </td>
          </tr>
        ))}
      </Table>
      <p className={classes.hint}>
        {changed.length === 1 && posted === 0
          ? 'No credits would move: the ledger agrees already, or nothing is left to take.'
          : `The balance would change by ${formatSignedCredits(posted)}, to ${formatCredits(after.balance)}.`}
        {alsoPosts.length > 0 &&
          ` Also posted first: ${alsoPosts
            .map((each) => `${transactionTypeLabel(each.type)} ${formatSignedCredits(each.amount)}`)
            .join(', ')}.`}
      </p>
    </>
  );
}
