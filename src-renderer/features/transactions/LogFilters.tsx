import { Button, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { formatCredits } from '#renderer/format/credits.ts';
import { featureLabel, transactionTypeLabel } from '#renderer/format/labels.ts';
import { FilterChip } from '#renderer/ui/FilterChip.tsx';
import { SearchIcon } from '#renderer/ui/icons.tsx';
import { keysInWords, useShortcut } from '#renderer/ui/shortcuts.ts';
import {
  rangeInWords,
  type TimeRange,
  TimeRangePicker,
  timeRangeOf,
} from '#renderer/ui/TimeRangePicker.tsx';
import { TRANSACTION_TYPES } from '#shared/ipc/vocabulary.ts';
import { AmountFilter } from './AmountFilter.tsx';
import { CustomerFilter } from './CustomerFilter.tsx';
import { isFiltered, type LogFilter, NO_FILTER } from './log-filter.ts';
import { OptionFilter } from './OptionFilter.tsx';
import classes from './Transactions.module.css';

const TYPE_OPTIONS = TRANSACTION_TYPES.map((type) => ({
  value: type,
  label: transactionTypeLabel(type),
}));
const NO_FEATURE = { value: '', label: featureLabel('') };
const TYPING_PAUSE_MS = 250;

/** The filters of the log: what can be filtered by, and as chips what is. */
export function LogFilters({
  filter,
  onChange,
}: {
  filter: LogFilter;
  /** `replace`: a step of typing, which is no place to come back to. */
  onChange: (filter: LogFilter, options: { replace: boolean }) => void;
}) {
  const { timeZone } = useSession();
  const facets = useQuery(consoleQuery('transactions.facets', {}));
  const change = (part: Partial<LogFilter>) => onChange({ ...filter, ...part }, { replace: false });
  const range = timeRange(filter, timeZone);

  return (
    <div className={classes.filters}>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms, and this is a row of buttons */}
      <div className={classes.filterRow} role="group" aria-label="Filters">
        <SearchField
          text={filter.text}
          onChange={(text) => onChange({ ...filter, text }, { replace: true })}
        />
        <OptionFilter
          label="Type"
          options={TYPE_OPTIONS}
          chosen={filter.types}
          keepOpen
          onToggle={(value) =>
            change({
              types: TRANSACTION_TYPES.filter((type) =>
                type === value ? !filter.types.includes(type) : filter.types.includes(type),
              ),
            })
          }
        />
        <OptionFilter
          label="Feature"
          options={[NO_FEATURE, ...optionsOf(facets.data?.features, filter.feature)]}
          chosen={filter.feature === null ? [] : [filter.feature]}
          searchable
          emptyText={facets.isError ? 'The features could not be read' : 'No such feature'}
          onToggle={(value) => change({ feature: value === filter.feature ? null : value })}
        />
        <OptionFilter
          label="Actor"
          options={optionsOf(facets.data?.actors, filter.actor)}
          chosen={filter.actor === null ? [] : [filter.actor]}
          searchable
          emptyText={facets.isError ? 'The actors could not be read' : 'No such actor'}
          onToggle={(value) => change({ actor: value === filter.actor ? null : value })}
        />
        <AmountFilter
          key={`${filter.amountMin} ${filter.amountMax}`}
          bounds={filter}
          onChange={change}
        />
        <CustomerFilter onChange={(customerId) => change({ customerId })} />
        <TimeRangePicker
          value={range}
          timeZone={timeZone}
          showDays={false}
          onChange={({ preset, from, to }) =>
            change({ range: preset === 'custom' ? { from, to } : preset })
          }
        />
      </div>
      {isFiltered(filter) && (
        // biome-ignore lint/a11y/useSemanticElements: see above
        <div className={classes.chips} role="group" aria-label="Filters in force">
          {filter.customerId !== null && (
            <FilterChip
              label="Customer"
              value={filter.customerId}
              onRemove={() => change({ customerId: null })}
            />
          )}
          {filter.types.map((type) => (
            <FilterChip
              key={type}
              label="Type"
              value={transactionTypeLabel(type)}
              onRemove={() => change({ types: filter.types.filter((each) => each !== type) })}
            />
          ))}
          {filter.feature !== null && (
            <FilterChip
              label="Feature"
              value={featureLabel(filter.feature)}
              onRemove={() => change({ feature: null })}
            />
          )}
          {filter.actor !== null && (
            <FilterChip
              label="Actor"
              value={filter.actor}
              onRemove={() => change({ actor: null })}
            />
          )}
          {(filter.amountMin !== null || filter.amountMax !== null) && (
            <FilterChip
              label="Amount"
              value={amountInWords(filter)}
              onRemove={() => change({ amountMin: null, amountMax: null })}
            />
          )}
          {range !== null && (
            <FilterChip
              label="Time"
              value={rangeInWords(range)}
              onRemove={() => change({ range: null })}
            />
          )}
          {filter.text !== null && (
            <FilterChip label="Text" value={filter.text} onRemove={() => change({ text: null })} />
          )}
          <Button size="compact-xs" variant="subtle" onClick={() => change(NO_FILTER)}>
            Clear all
          </Button>
        </div>
      )}
    </div>
  );
}

function SearchField({
  text,
  onChange,
}: {
  text: string | null;
  onChange: (text: string | null) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState(text ?? '');
  const [known, setKnown] = useState(text);
  // The address changed otherwise than by this field (Back, a removed chip): show what is in force now.
  if (known !== text) {
    setKnown(text);
    if ((draft.trim() || null) !== text) setDraft(text ?? '');
  }
  const apply = useDebouncedCallback(
    (next: string) => onChange(next.trim() || null),
    TYPING_PAUSE_MS,
  );
  useShortcut('focus-filter', () => input.current?.focus());
  return (
    <TextInput
      ref={input}
      type="search"
      className={classes.search}
      aria-label="Text in the description, or a whole id"
      title={`Any part of a description, or a whole transaction, customer or payment id, or an idempotency key (${keysInWords('focus-filter')})`}
      placeholder="Description or id"
      maxLength={200}
      leftSection={<SearchIcon size={14} />}
      value={draft}
      onChange={(event) => {
        setDraft(event.currentTarget.value);
        apply(event.currentTarget.value);
      }}
    />
  );
}

function optionsOf(values: readonly string[] | undefined, current: string | null) {
  const known = values ?? [];
  // A filter from a link may name what the lists do not hold.
  const all = current === null || known.includes(current) ? known : [current, ...known];
  return all.filter((value) => value !== '').map((value) => ({ value, label: value }));
}

function timeRange(filter: LogFilter, timeZone: string): TimeRange | null {
  if (filter.range === null) return null;
  return typeof filter.range === 'string'
    ? timeRangeOf(filter.range, timeZone)
    : { preset: 'custom', ...filter.range };
}

function amountInWords({ amountMin, amountMax }: LogFilter): string {
  if (amountMin === null) return `at most ${formatCredits(amountMax ?? 0)}`;
  if (amountMax === null) return `at least ${formatCredits(amountMin)}`;
  if (amountMin === amountMax) return formatCredits(amountMin);
  return `${formatCredits(amountMin)} to ${formatCredits(amountMax)}`;
}
