import { Popover, VisuallyHidden } from '@mantine/core';
import { type ComponentPropsWithRef, type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { formatCredits, formatCreditsInWords, formatQuantity } from '#renderer/format/credits.ts';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { formatDate, formatExpiry } from '#renderer/format/time.ts';
import type { GrantId } from '#shared/ids.ts';
import { type BurnBarGrant, type BurnSegment, burnSegments } from './burn-segments.ts';
import styles from './charts.module.css';

/** A grant that expires within so many days is marked as due soon. */
const DUE_SOON_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * The open grants in burn order, each as wide as what is left of it: what burns first stands first. Paid credits are
 * hatched, an expiry is marked with its day. Small neighbours are drawn as one and open as a list.
 */
export function BurnBar({
  grants,
  timeZone,
  now = new Date(),
  selectedId = null,
  onSelect,
  markedIds,
}: {
  /** Open grants in burn order. */
  grants: readonly BurnBarGrant[];
  timeZone: string;
  now?: Date;
  selectedId?: GrantId | null;
  /** A grant was chosen, or null: the chosen one was left. */
  onSelect: (grantId: GrantId | null) => void;
  /** The grants to mark, such as those that paid a chosen debit; the others step back. */
  markedIds?: ReadonlySet<GrantId> | undefined;
}) {
  const segments = useMemo(() => burnSegments(grants), [grants]);
  const [tabStop, setTabStop] = useState(0);
  const bar = useRef<HTMLDivElement>(null);
  if (segments.length === 0) return null;
  const stop = Math.min(tabStop, segments.length - 1);

  function onKeyDown(event: KeyboardEvent<HTMLButtonElement>, index: number) {
    const last = segments.length - 1;
    const next = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: last }[event.key];
    if (next === undefined || next < 0 || next > last) return;
    event.preventDefault();
    event.stopPropagation();
    setTabStop(next);
    bar.current?.querySelectorAll<HTMLElement>('[data-segment]')[next]?.focus();
  }

  return (
    <div className={styles.figure}>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      <div
        className={styles.burnBar}
        ref={bar}
        role="group"
        aria-label={`Open grants in burn order: ${formatCreditsInWords(
          segments.reduce((total, each) => total + each.remaining, 0),
        )} in ${formatQuantity(grants.filter((grant) => grant.remaining > 0).length, 'grant')}`}
      >
        {segments.map((segment, index) => {
          const members = membersOf(segment);
          const selected = members.some((grant) => grant.id === selectedId);
          const marked = members.some((grant) => markedIds?.has(grant.id));
          const shared = {
            segment,
            timeZone,
            now,
            marked,
            faded: markedIds !== undefined && markedIds.size > 0 && !marked,
            'aria-pressed': selected,
            tabIndex: index === stop ? 0 : -1,
            onFocus: () => setTabStop(index),
            onKeyDown: (event: KeyboardEvent<HTMLButtonElement>) => onKeyDown(event, index),
          };
          const key = members[0]?.id ?? index;
          return segment.kind === 'grant' ? (
            <SegmentButton
              key={key}
              {...shared}
              onClick={() => onSelect(selected ? null : segment.grant.id)}
            />
          ) : (
            <GroupSegment
              key={key}
              {...shared}
              members={members}
              selectedId={selectedId}
              onSelect={onSelect}
            />
          );
        })}
      </div>
      <ul className={styles.burnKey} aria-label="How to read the bar">
        <li className={styles.burnKeyItem}>Burns from left to right</li>
        <KeyItem className={styles.burnSwatchFree} text="Free" />
        <KeyItem className={styles.burnSwatchPaid} text="Paid" />
        <KeyItem className={styles.burnSwatchDue} text={`Expires within ${DUE_SOON_DAYS} days`} />
      </ul>
    </div>
  );
}

/** Small grants drawn as one: pressing it opens them as a list. */
function GroupSegment({
  members,
  selectedId,
  onSelect,
  ...segment
}: SegmentButtonProps & {
  members: readonly BurnBarGrant[];
  selectedId: GrantId | null;
  onSelect: (grantId: GrantId | null) => void;
}) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <SegmentButton {...segment} onClick={() => setOpened(!opened)} />
      </Popover.Target>
      <Popover.Dropdown className={styles.burnMenu} aria-label="Grants of this part of the bar">
        <p className={styles.burnMenuTitle}>
          {formatQuantity(members.length, 'grant')}, in burn order
        </p>
        <ol className={styles.burnMenuList}>
          {members.map((grant) => (
            <li key={grant.id}>
              <button
                type="button"
                className={styles.burnMenuItem}
                aria-pressed={grant.id === selectedId}
                onClick={() => {
                  setOpened(false);
                  onSelect(grant.id === selectedId ? null : grant.id);
                }}
              >
                {describe(grant, segment.timeZone)}
              </button>
            </li>
          ))}
        </ol>
      </Popover.Dropdown>
    </Popover>
  );
}

function KeyItem({ className, text }: { className: string | undefined; text: string }) {
  return (
    <li className={styles.burnKeyItem}>
      <span className={`${styles.burnKeySwatch} ${className ?? ''}`} aria-hidden="true" />
      {text}
    </li>
  );
}

type SegmentButtonProps = {
  segment: BurnSegment;
  timeZone: string;
  now: Date;
  marked: boolean;
  faded: boolean;
} & Omit<ComponentPropsWithRef<'button'>, 'onSelect'>;

function SegmentButton({ segment, timeZone, now, marked, faded, ...button }: SegmentButtonProps) {
  const members = membersOf(segment);
  const soonest = members
    .map((grant) => grant.expiresAt)
    .filter((expiresAt) => expiresAt !== null)
    .sort()[0];
  const dueSoon =
    soonest !== undefined && new Date(soonest).getTime() - now.getTime() <= DUE_SOON_DAYS * DAY_MS;
  const allPaid = members.every((grant) => grant.isPaid);
  const allFree = members.every((grant) => !grant.isPaid);
  const spoken =
    segment.kind === 'grant'
      ? describe(segment.grant, timeZone)
      : [
          `${formatQuantity(members.length, 'grant')}: ${formatCreditsInWords(segment.remaining)} left`,
          soonest === undefined ? 'no expiry' : `first expiry ${formatDate(soonest, timeZone)}`,
        ].join(', ');
  const className = [
    styles.burnSegment,
    allPaid && styles.burnPaid,
    segment.kind === 'group' && styles.burnGroup,
    dueSoon && styles.burnExpires,
    marked && styles.burnMarked,
    faded && styles.burnFaded,
  ];
  return (
    <button
      {...button}
      type="button"
      data-segment
      className={className.filter(Boolean).join(' ')}
      style={{ flex: `${segment.remaining} 1 0` }}
      title={spoken}
    >
      <span className={styles.burnBlock} />
      <span className={styles.burnLabels}>
        <span className={`${styles.burnLabel} ${styles.burnAmount}`}>
          {formatCredits(segment.remaining)}
        </span>{' '}
        <span className={styles.burnLabel}>
          {segment.kind === 'group'
            ? formatQuantity(members.length, 'grant')
            : transactionTypeLabel(segment.grant.source)}
        </span>{' '}
        <span className={`${styles.burnLabel} ${dueSoon ? styles.burnDue : styles.burnExpiry}`}>
          {soonest === undefined ? 'No expiry' : `Exp. ${formatDate(soonest, timeZone)}`}
        </span>
        <VisuallyHidden>
          {[
            allPaid ? 'paid' : allFree ? 'free' : 'paid and free',
            marked && 'paid the chosen debit',
          ]
            .filter(Boolean)
            .map((words) => `, ${words}`)
            .join('')}
        </VisuallyHidden>
      </span>
    </button>
  );
}

function membersOf(segment: BurnSegment): readonly BurnBarGrant[] {
  return segment.kind === 'grant' ? [segment.grant] : segment.grants;
}

function describe(grant: BurnBarGrant, timeZone: string): string {
  return [
    `${transactionTypeLabel(grant.source)}: ${formatCreditsInWords(grant.remaining)} left`,
    grant.isPaid ? 'paid' : 'free',
    formatExpiry(grant.expiresAt, timeZone),
    grant.description,
  ]
    .filter(Boolean)
    .join(', ');
}
