import { Anchor, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatCredits, formatSignedCredits } from '#renderer/format/credits.ts';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { formatDate } from '#renderer/format/time.ts';
import type { Balance } from '#shared/ipc/vocabulary.ts';
import type { LedgerPreview } from './ledger-act.ts';
import styles from './ledger-forms.module.css';
import type { PreviewState } from './use-ledger-preview.ts';

/** So many changed grants are listed; the rest is told as a number, so that the button stays in sight. */
const GRANTS_SHOWN = 5;

/** What a form's preview tells beside balance and grants: to see, and as a sentence to be read out. */
export type AboutPreview = { shown: ReactNode; spoken: string };

/** What the ledger says the act would do. Numbers of other fields than the present ones are never shown. */
export function PreviewPanel<Preview extends LedgerPreview>({
  state,
  timeZone,
  about,
  idleText,
}: {
  state: PreviewState<Preview>;
  timeZone: string;
  about?: ((preview: Preview) => AboutPreview) | undefined;
  /** What is missing until there is something to preview. */
  idleText: string;
}) {
  return (
    <section
      className={styles.preview}
      aria-label="Preview"
      aria-busy={state.status === 'working'}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: in a low window it scrolls, and must be reachable by key
      tabIndex={0}
    >
      <VisuallyHidden role="status">{spokenPreview(state, about)}</VisuallyHidden>
      <PreviewContent state={state} timeZone={timeZone} about={about} idleText={idleText} />
    </section>
  );
}

function PreviewContent<Preview extends LedgerPreview>({
  state,
  timeZone,
  about,
  idleText,
}: {
  state: PreviewState<Preview>;
  timeZone: string;
  about: ((preview: Preview) => AboutPreview) | undefined;
  idleText: string;
}) {
  switch (state.status) {
    case 'idle':
      return <p className={styles.previewHint}>{idleText}</p>;
    case 'working':
      return <p className={styles.previewHint}>Asking the ledger…</p>;
    case 'refused':
      return (
        <p className={styles.previewRefused}>
          <strong>The ledger would refuse this.</strong> {state.error.message}{' '}
          <AskAgain onClick={state.retry} />
        </p>
      );
    case 'failed':
      return (
        <p className={styles.previewHint}>
          No preview: {state.error.message} <AskAgain onClick={state.retry} />
        </p>
      );
    case 'ready':
      return (
        <>
          {about?.(state.preview).shown}
          <PreviewTable preview={state.preview} timeZone={timeZone} />
        </>
      );
  }
}

function AskAgain({ onClick }: { onClick: () => void }) {
  return (
    <Anchor component="button" type="button" inherit onClick={onClick}>
      Ask again
    </Anchor>
  );
}

/** The one sentence of the preview that is read out: the whole table would be too much at every key. */
function spokenPreview<Preview extends LedgerPreview>(
  state: PreviewState<Preview>,
  about: ((preview: Preview) => AboutPreview) | undefined,
): string {
  if (state.status === 'refused') return `The ledger would refuse this. ${state.error.message}`;
  if (state.status !== 'ready') return '';
  const { before, after } = state.preview;
  const sentence = `Preview: available ${formatCredits(before.available)} before, ${formatCredits(after.available)} after.`;
  return about === undefined ? sentence : `${sentence} ${about(state.preview).spoken}`;
}

function PreviewTable({ preview, timeZone }: { preview: LedgerPreview; timeZone: string }) {
  const { before, after, alsoPosts } = preview;
  const grants = preview.grants.slice(0, GRANTS_SHOWN);
  const more = preview.grants.length - grants.length;
  return (
    <>
      <table className={styles.previewTable}>
        <thead>
          <tr>
            <th scope="col">Preview</th>
            <th scope="col" className={styles.number}>
              Before
            </th>
            <th scope="col" className={styles.number}>
              After
            </th>
            <th scope="col" className={styles.number}>
              Change
            </th>
          </tr>
        </thead>
        <tbody>
          <BalanceRow label="Available" before={before.available} after={after.available} strong />
          {(before.balance !== before.available || after.balance !== after.available) && (
            <BalanceRow label="Balance" before={before.balance} after={after.balance} />
          )}
          {(before.held !== 0 || after.held !== 0) && (
            <BalanceRow label="Held" before={before.held} after={after.held} />
          )}
          <tr>
            <th scope="row">Next expiry</th>
            <td className={styles.number}>{nextExpiryText(before, timeZone)}</td>
            <td className={styles.number}>{nextExpiryText(after, timeZone)}</td>
            <td />
          </tr>
          {grants.length > 0 && (
            <tr>
              <th scope="rowgroup" colSpan={4} className={styles.previewGroup}>
                Grants
              </th>
            </tr>
          )}
          {grants.map((grant) => (
            <tr key={grant.id}>
              <th scope="row" className={styles.previewGrant}>
                <span>
                  {grant.remainingBefore === null && 'New: '}
                  {transactionTypeLabel(grant.source)}
                  {grant.description !== '' && `, ${grant.description}`}
                </span>
                <span className={styles.muted}>
                  {grantExpiryText(grant.expiresAtBefore, grant.expiresAtAfter, timeZone, {
                    isNew: grant.remainingBefore === null,
                  })}
                </span>
              </th>
              <td className={styles.number}>
                {grant.remainingBefore === null ? (
                  <span className={styles.muted}>none</span>
                ) : (
                  formatCredits(grant.remainingBefore)
                )}
              </td>
              <td className={styles.number}>{formatCredits(grant.remainingAfter)}</td>
              <Change by={grant.remainingAfter - (grant.remainingBefore ?? 0)} />
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && (
        <p className={styles.previewHint}>
          and {formatCredits(more)} more {more === 1 ? 'grant' : 'grants'}
        </p>
      )}
      {alsoPosts.length > 0 && (
        <p className={styles.previewHint}>
          Also posted first:{' '}
          {alsoPosts
            .map((each) => `${transactionTypeLabel(each.type)} ${formatSignedCredits(each.amount)}`)
            .join(', ')}
        </p>
      )}
    </>
  );
}

function BalanceRow({
  label,
  before,
  after,
  strong = false,
}: {
  label: string;
  before: number;
  after: number;
  strong?: boolean;
}) {
  return (
    <tr className={strong ? styles.previewStrong : undefined}>
      <th scope="row">{label}</th>
      <Amount value={before} />
      <Amount value={after} />
      <Change by={after - before} />
    </tr>
  );
}

function Amount({ value }: { value: number }) {
  return (
    <td className={`${styles.number} ${value < 0 ? styles.negative : ''}`}>
      {formatCredits(value)}
    </td>
  );
}

function Change({ by }: { by: number }) {
  return (
    <td className={styles.number}>
      {by === 0 ? <span className={styles.muted}>same</span> : formatSignedCredits(by)}
    </td>
  );
}

function nextExpiryText(balance: Balance, timeZone: string): string {
  if (balance.nextExpiry === null) return 'none';
  const { amount, expiresAt } = balance.nextExpiry;
  return `${formatCredits(amount)} on ${formatDate(expiresAt, timeZone)}`;
}

function grantExpiryText(
  before: string | null,
  after: string | null,
  timeZone: string,
  options: { isNew: boolean },
): string {
  const day = (expiresAt: string | null) =>
    expiresAt === null ? 'never' : formatDate(expiresAt, timeZone);
  if (options.isNew || before === after) {
    return after === null ? 'never expires' : `expires ${day(after)}`;
  }
  return `expires ${day(before)} → ${day(after)}`;
}
