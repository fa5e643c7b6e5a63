import { Anchor } from '@mantine/core';
import type { ReactNode, Ref } from 'react';
import { useAbility } from '#renderer/api/session.tsx';
import { CustomerAlerts } from '#renderer/features/alerts/alerts.tsx';
import { formatCredits } from '#renderer/format/credits.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { Fact, Facts, metadataText } from '#renderer/ui/Facts.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import type { Customer } from './CustomerHeader.tsx';
import styles from './customer-page.module.css';
import { NoteComposer } from './NoteComposer.tsx';
import { NoteList } from './NoteList.tsx';

const NOTES_SHOWN = 3;

/** The customer's record: profile, plan, Stripe, alerts, notes. */
export function CustomerAside({
  customer,
  withNotes,
  composerRef,
  onShowNotes,
}: {
  customer: Customer;
  /** False where the notes stand in the main column already. */
  withNotes: boolean;
  composerRef: Ref<HTMLTextAreaElement>;
  onShowNotes: () => void;
}) {
  const mayAddNote = useAbility('addNote');
  const { notes } = customer;
  const metadata = Object.entries(customer.metadata);
  return (
    <aside className={styles.aside} aria-label="Customer record">
      <AsideSection title="Profile">
        <Facts dense>
          <Fact name="Name">{customer.name ?? <None />}</Fact>
          <Fact name="E-mail">{customer.email ?? <None />}</Fact>
          <Fact name="Plan">{customer.plan ?? <None />}</Fact>
          <Fact name="Created">
            <InstantText iso={customer.createdAt} show="date" />
          </Fact>
          <Fact name="Last activity">
            {customer.lastActivityAt === null ? (
              <span className={styles.muted}>Never</span>
            ) : (
              <InstantText iso={customer.lastActivityAt} />
            )}
          </Fact>
        </Facts>
      </AsideSection>
      <AsideSection title="Stripe">
        {customer.stripeCustomerId === null ? (
          <p className={styles.mutedLine}>Not linked to a Stripe customer.</p>
        ) : (
          <CopyableId value={customer.stripeCustomerId} label="Stripe id" />
        )}
      </AsideSection>
      <AsideSection title="Alerts">
        <CustomerAlerts customerId={customer.id} email={customer.email} />
      </AsideSection>
      {metadata.length > 0 && (
        <AsideSection title="Metadata">
          <Facts dense>
            {metadata.map(([name, value]) => (
              <Fact key={name} name={name}>
                {metadataText(value)}
              </Fact>
            ))}
          </Facts>
        </AsideSection>
      )}
      {withNotes && (
        <AsideSection title="Notes">
          {mayAddNote && <NoteComposer customerId={customer.id} ref={composerRef} />}
          {notes.length === 0 ? (
            <p className={styles.mutedLine}>No notes yet.</p>
          ) : (
            <NoteList notes={notes.slice(0, NOTES_SHOWN)} />
          )}
          {notes.length > NOTES_SHOWN && (
            <Anchor component="button" type="button" onClick={onShowNotes}>
              All {formatCredits(notes.length)} notes
            </Anchor>
          )}
        </AsideSection>
      )}
    </aside>
  );
}

function AsideSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.asideSection} aria-label={title}>
      <h2 className={styles.asideTitle}>{title}</h2>
      {children}
    </section>
  );
}

function None() {
  return <span className={styles.muted}>None</span>;
}
