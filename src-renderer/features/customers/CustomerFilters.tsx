import { Button, Chip, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { type KeyboardEvent, useRef, useState } from 'react';
import { SearchIcon } from '#renderer/ui/icons.tsx';
import { Kbd } from '#renderer/ui/Kbd.tsx';
import { useShortcut } from '#renderer/ui/shortcuts.ts';
import { BALANCE_FILTERS } from '#shared/ipc/customers.ts';
import {
  BALANCE_FILTER_LABELS,
  type CustomerListView,
  isFiltered,
  WHOLE_LIST,
} from './customer-filter.ts';
import styles from './customers.module.css';
import { usePlans } from './queries.ts';

const TYPING_PAUSE_MS = 150;

/** What the list is searched and filtered by. A filter in force is a chip that is pressed, and goes when pressed again. */
export function CustomerFilters({
  view,
  onChange,
  onArrowDown,
  onEnter,
}: {
  view: CustomerListView;
  onChange: (view: CustomerListView) => void;
  /** ↓ in the search: into the list. */
  onArrowDown: () => void;
  /** Enter in the search: the first customer found. */
  onEnter: () => void;
}) {
  const plans = usePlans();
  const known = plans.data?.plans ?? [];
  // A filter from a link may name a plan that is not in use any more.
  const planOptions =
    view.plan === null || known.includes(view.plan) ? known : [view.plan, ...known];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms, and this is a row of controls
    <div className={styles.filters} role="group" aria-label="Search and filters">
      <SearchField
        search={view.search}
        onChange={(search) => onChange({ ...view, search })}
        onArrowDown={onArrowDown}
        onEnter={onEnter}
      />
      {BALANCE_FILTERS.map((filter) => (
        <Chip
          key={filter}
          classNames={{ label: styles.chip ?? '' }}
          radius="md"
          variant="outline"
          checked={view.balance === filter}
          onChange={(checked) => onChange({ ...view, balance: checked ? filter : null })}
        >
          {BALANCE_FILTER_LABELS[filter]} balance
        </Chip>
      ))}
      <Select
        aria-label="Plan"
        placeholder={plans.isError ? 'Plans could not be read' : 'Any plan'}
        data={[...planOptions]}
        value={view.plan}
        onChange={(plan) => onChange({ ...view, plan })}
        clearable
        searchable
        clearButtonProps={{ 'aria-label': 'Any plan' }}
        nothingFoundMessage="No such plan"
        className={styles.plan}
      />
      {isFiltered(view) && (
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => onChange({ ...WHOLE_LIST, sort: view.sort, descending: view.descending })}
        >
          Clear all
        </Button>
      )}
    </div>
  );
}

function SearchField({
  search,
  onChange,
  onArrowDown,
  onEnter,
}: {
  search: string;
  onChange: (search: string) => void;
  onArrowDown: () => void;
  onEnter: () => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState(search);
  const [known, setKnown] = useState(search);
  // The address changed otherwise than by this field (Back, a removed chip): show what is in force now.
  if (known !== search) {
    setKnown(search);
    if (draft.trim() !== search.trim()) setDraft(search);
  }
  const apply = useDebouncedCallback(onChange, TYPING_PAUSE_MS);
  useShortcut('focus-filter', () => {
    input.current?.focus();
    input.current?.select();
  });

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'ArrowDown') {
      event.preventDefault();
      onArrowDown();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (draft.trim() === search.trim()) onEnter();
    } else if (event.key === 'Escape' && draft !== '') {
      event.preventDefault();
      setDraft('');
      apply('');
    }
  }

  return (
    <TextInput
      ref={input}
      type="search"
      className={styles.search}
      aria-label="Search customers"
      placeholder="Name, e-mail, id or Stripe id"
      title="Any part of it from 3 letters on; its beginning below that"
      maxLength={200}
      leftSection={<SearchIcon size={14} />}
      rightSection={draft === '' ? <Kbd id="focus-filter" /> : undefined}
      rightSectionPointerEvents="none"
      value={draft}
      onChange={(event) => {
        setDraft(event.currentTarget.value);
        apply(event.currentTarget.value);
      }}
      onKeyDown={onKeyDown}
      spellCheck={false}
      autoComplete="off"
    />
  );
}
