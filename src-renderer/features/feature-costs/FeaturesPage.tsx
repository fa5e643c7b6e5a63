import { Anchor, Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { Link } from 'wouter';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { formatCredits, formatQuantity } from '#renderer/format/credits.ts';
import { formatTimeZone } from '#renderer/format/time.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { PlusIcon, SearchIcon } from '#renderer/ui/icons.tsx';
import { Kbd } from '#renderer/ui/Kbd.tsx';
import { ListPlaceholder } from '#renderer/ui/ListPlaceholder.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { useShortcut } from '#renderer/ui/shortcuts.ts';
import { TimeRangePicker } from '#renderer/ui/TimeRangePicker.tsx';
import { useAddressRange } from '#renderer/ui/use-address-range.ts';
import type { TableSort } from '#renderer/ui/VirtualTable.tsx';
import type { Feature } from '#shared/ipc/features.ts';
import { CostForm } from './CostForm.tsx';
import { FeatureDrawer } from './FeatureDrawer.tsx';
import { type FeatureSort, FeaturesTable } from './FeaturesTable.tsx';
import classes from './feature-costs.module.css';
import { useCostActs } from './use-cost-acts.tsx';

const DAYS_MAX = 366;
/** A list of so many can be seen through without a search. */
const SEARCHED_FROM = 8;

/** What features cost and how much each is used over a range of days, which stands in the address. */
export function FeaturesPage() {
  const { timeZone } = useSession();
  const mayAdminister = useAbility('administer');
  const { chosen, range, value, onChange, refused } = useAddressRange({
    path: paths.features,
    timeZone,
    daysMax: DAYS_MAX,
    why: 'features are compared over a year at most.',
  });
  const list = useQuery(consoleQuery('features.list', { ...range, timeZone }));
  const acts = useCostActs();
  const [search, setSearch] = useState('');
  const [sort, setSort] = useState<TableSort<FeatureSort>>({ column: 'used', descending: true });
  const [openName, setOpenName] = useState<string | null>(null);
  // With the feature as it was when the form opened: the list may be read anew under a draft. Null: a new one.
  const [form, setForm] = useState<{ feature: Feature | null } | null>(null);
  const features = list.data?.rows ?? [];
  const wanted = search.trim().toLowerCase();
  const found = features.filter(({ feature }) => feature.toLowerCase().includes(wanted));
  const open = features.find(({ feature }) => feature === openName);
  const newButton = mayAdminister && (
    <Button leftSection={<PlusIcon size={14} />} onClick={() => setForm({ feature: null })}>
      New feature
    </Button>
  );
  return (
    <Page layout="fill">
      <PageHeader
        title="Features"
        aside={
          features.length === 0 ? undefined : (
            <span role="status" aria-label={formatQuantity(found.length, 'feature')}>
              {formatCredits(found.length)}
            </span>
          )
        }
        description={
          <>
            What a use of the product costs, and how much of it is used by all customers. Days are
            cut in {formatTimeZone(timeZone)};{' '}
            <Anchor component={Link} inherit underline="always" href={paths.settings}>
              change the time zone
            </Anchor>
            .
          </>
        }
        actions={
          <>
            <TimeRangePicker value={value} timeZone={timeZone} onChange={onChange} />
            {newButton}
          </>
        }
      />
      {refused !== null && (
        <p className={classes.refused} role="alert">
          {refused}
        </p>
      )}
      {(features.length >= SEARCHED_FROM || search !== '') && (
        <SearchField search={search} onSearch={setSearch} />
      )}
      <FeaturesTable
        features={found}
        from={range.from}
        openName={openName}
        sort={sort}
        onSortChange={setSort}
        onOpen={({ feature }) => setOpenName(feature)}
        placeholder={
          <ListPlaceholder pages={list} loadingLabel="Loading features">
            {wanted === '' ? (
              <EmptyState action={newButton}>
                No feature has a price, and none was used in these days.
              </EmptyState>
            ) : (
              <EmptyState>No feature matches “{search.trim()}”.</EmptyState>
            )}
          </ListPlaceholder>
        }
      />
      {/* The form takes the drawer's place, and gives it back. */}
      {open !== undefined && form === null && (
        <FeatureDrawer
          key={open.feature}
          feature={open}
          range={range}
          chosen={chosen}
          acts={mayAdminister ? acts : null}
          onChangePrice={() => setForm({ feature: open })}
          onClose={() => setOpenName(null)}
        />
      )}
      {form !== null && <CostForm feature={form.feature} onClose={() => setForm(null)} />}
      {acts.question}
    </Page>
  );
}

function SearchField({ search, onSearch }: { search: string; onSearch: (search: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useShortcut('focus-filter', () => {
    input.current?.focus();
    input.current?.select();
  });
  return (
    <div className={classes.filters}>
      <TextInput
        ref={input}
        type="search"
        className={classes.search}
        aria-label="Search features"
        placeholder="Any part of the name"
        leftSection={<SearchIcon size={14} />}
        rightSection={search === '' ? <Kbd id="focus-filter" /> : undefined}
        rightSectionPointerEvents="none"
        maxLength={200}
        value={search}
        onChange={(event) => onSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || search === '') return;
          event.preventDefault();
          onSearch('');
        }}
      />
    </div>
  );
}
