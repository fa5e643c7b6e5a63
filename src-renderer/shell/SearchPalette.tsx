import { Modal } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import {
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useEffectEvent,
  useId,
  useState,
} from 'react';
import { useLocation } from 'wouter';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { usePreferences } from '#renderer/api/use-preferences.ts';
import { formatCredits, formatSignedCredits } from '#renderer/format/credits.ts';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { customerPath, transactionsPath } from '#renderer/navigation/paths.ts';
import {
  ArrowRightIcon,
  ClockIcon,
  CustomersIcon,
  KeyboardIcon,
  SearchIcon,
  SettingsIcon,
  TransactionsIcon,
} from '#renderer/ui/icons.tsx';
import { Kbd } from '#renderer/ui/Kbd.tsx';
import type { ShortcutId } from '#renderer/ui/shortcuts.ts';
import { customerIdSchema } from '#shared/ids.ts';
import { PAGES } from './pages.ts';
import classes from './SearchPalette.module.css';
import type { RecentCustomer } from './use-recent-customers.ts';

type Item = {
  id: string;
  group: string;
  icon: ReactNode;
  label: string;
  detail?: string;
  end?: string;
  shortcut?: ShortcutId;
  run: () => void;
};

const DEBOUNCE_MS = 100;
const MOST_CUSTOMERS = 7;

/** One search for everything: customers, ids, pages and acts, in one list that the arrow keys walk. */
export function SearchPalette(props: {
  opened: boolean;
  onClose: () => void;
  onShowShortcuts: () => void;
  recents: RecentCustomer[];
}) {
  return (
    <Modal.Root
      opened={props.opened}
      onClose={props.onClose}
      size={620}
      yOffset="12vh"
      classNames={{ content: classes.content ?? '' }}
    >
      <Modal.Overlay backgroundOpacity={0.25} blur={0} />
      <Modal.Content aria-label="Search everything">
        {props.opened && (
          <Palette
            onClose={props.onClose}
            onShowShortcuts={props.onShowShortcuts}
            recents={props.recents}
          />
        )}
      </Modal.Content>
    </Modal.Root>
  );
}

function Palette(props: {
  onClose: () => void;
  onShowShortcuts: () => void;
  recents: RecentCustomer[];
}) {
  const [text, setText] = useState('');
  /** The item that was moved to; without one, the first is meant, whatever it will be once the answers are in. */
  const [chosenId, setChosenId] = useState<string | null>(null);
  const [enterWaits, setEnterWaits] = useState(false);
  const [debounced] = useDebouncedValue(text.trim(), DEBOUNCE_MS);
  const listId = useId();
  const found = useFound(debounced);
  const offered = useOffered({ text: text.trim(), ...props });
  const items = [...found.items, ...offered];
  const index = Math.max(
    0,
    items.findIndex((item) => item.id === chosenId),
  );
  const isSettled = found.isSettled && debounced === text.trim();
  const itemId = (at: number) => `${listId}-${at}`;

  // Enter right after typing means the answer to what was typed, so it waits for that.
  const runWaiting = useEffectEvent(() => {
    setEnterWaits(false);
    run(items[index]);
  });
  useEffect(() => {
    if (enterWaits && isSettled) runWaiting();
  }, [enterWaits, isSettled]);

  function run(item: Item | undefined) {
    if (item === undefined) return;
    props.onClose();
    item.run();
  }

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    if (event.nativeEvent.isComposing) return;
    const targets: Record<string, number> = {
      ArrowDown: (index + 1) % items.length,
      ArrowUp: (index - 1 + items.length) % items.length,
    };
    const target = targets[event.key];
    if (target !== undefined && items.length > 0) {
      event.preventDefault();
      setChosenId(items[target]?.id ?? null);
      document.getElementById(itemId(target))?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (isSettled || chosenId !== null) run(items[index]);
      else setEnterWaits(true);
    }
  }

  return (
    <>
      <div className={classes.head}>
        <SearchIcon />
        <input
          className={classes.input}
          data-autofocus
          type="text"
          role="combobox"
          aria-label="Search everything"
          aria-expanded={items.length > 0}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={items.length > 0 ? itemId(index) : undefined}
          placeholder="Name, e-mail, any id, a page, an action…"
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setChosenId(null);
            setEnterWaits(false);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div className={classes.list} id={listId} role="listbox" aria-label="Results">
        {items.map((item, at) => (
          <PaletteItem
            key={item.id}
            id={itemId(at)}
            item={item}
            heading={items[at - 1]?.group === item.group ? null : item.group}
            isChosen={at === index}
            onHover={() => setChosenId(item.id)}
            onRun={() => run(item)}
          />
        ))}
      </div>
      {items.length === 0 && isSettled && (
        <p className={classes.empty}>Nothing is called “{debounced}”.</p>
      )}
      {found.problem !== null && <p className={classes.empty}>{found.problem}</p>}
    </>
  );
}

function PaletteItem(props: {
  id: string;
  item: Item;
  heading: string | null;
  isChosen: boolean;
  onHover: () => void;
  onRun: () => void;
}) {
  const { item } = props;
  return (
    <>
      {props.heading !== null && (
        <div className={classes.heading} role="presentation">
          {props.heading}
        </div>
      )}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the input, which names the option in force */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the input above takes Enter for the option in force */}
      <div
        id={props.id}
        role="option"
        aria-selected={props.isChosen}
        className={classes.item}
        onMouseMove={props.onHover}
        onMouseDown={(event) => event.preventDefault()}
        onClick={props.onRun}
      >
        <span className={classes.icon}>{item.icon}</span>
        <span className={classes.label}>{item.label}</span>
        {item.detail !== undefined && <span className={classes.detail}>{item.detail}</span>}
        <span className={classes.end}>
          {item.end}
          {item.shortcut !== undefined && (
            <span aria-hidden="true">
              <Kbd id={item.shortcut} />
            </span>
          )}
        </span>
      </div>
    </>
  );
}

// What could be the id of a transaction or payment, or an idempotency key: no spaces, and a digit in it.
const ID_LIKE = /^(?=.*[0-9])[A-Za-z0-9_:.-]{1,200}$/;

/** What the ledger knows by this text: an exact customer id first, then customers, then transactions by id. */
function useFound(text: string) {
  const [, navigate] = useLocation();
  const { database } = useSession();
  const canSearch = text !== '' && database.status === 'ready';
  const exactId = customerIdSchema.safeParse(text);
  const list = useQuery({
    ...consoleQuery('customers.list', {
      filter: { search: text },
      sort: 'name',
      descending: false,
      cursor: null,
      limit: MOST_CUSTOMERS,
    }),
    enabled: canSearch,
    placeholderData: keepPreviousData,
  });
  const exact = useQuery({
    ...consoleQuery('customers.get', { customerId: text }),
    enabled: canSearch && exactId.success,
  });
  const transactions = useQuery({
    ...consoleQuery('transactions.list', { filter: { text }, cursor: null, limit: 3 }),
    enabled: canSearch && ID_LIKE.test(text),
  });
  if (!canSearch) return { items: [], isSettled: true, problem: null };

  const items: Item[] = [];
  const customer = exact.data;
  if (customer !== undefined) {
    items.push({
      id: `exact ${customer.id}`,
      group: 'Exact id',
      icon: <ArrowRightIcon />,
      label: customer.name ?? customer.email ?? customer.id,
      detail: customer.id,
      end: formatCredits(customer.balance.balance),
      run: () => navigate(customerPath(customer.id)),
    });
  }
  for (const row of list.data?.rows ?? []) {
    if (row.id === customer?.id) continue;
    const label = row.name ?? row.email ?? row.id;
    items.push({
      id: `customer ${row.id}`,
      group: 'Customers',
      icon: <CustomersIcon />,
      label,
      detail: row.email !== null && row.email !== label ? row.email : row.id,
      end: formatCredits(row.balance),
      run: () => navigate(customerPath(row.id)),
    });
  }
  for (const row of transactions.data?.rows ?? []) {
    items.push({
      id: `transaction ${row.id}`,
      group: 'Transactions',
      icon: <TransactionsIcon />,
      label: `${transactionTypeLabel(row.type)} ${formatSignedCredits(row.amount)}`,
      detail: row.customerName ?? row.customerId,
      end: row.id,
      run: () => navigate(transactionsPath({ text })),
    });
  }
  return {
    items,
    isSettled: !list.isFetching && !exact.isFetching && !transactions.isFetching,
    problem: list.error === null ? null : list.error.message,
  };
}

/** Pages, acts, and the customers looked at before, as far as the text fits them. */
function useOffered(options: {
  text: string;
  recents: RecentCustomer[];
  onShowShortcuts: () => void;
}): Item[] {
  const [, navigate] = useLocation();
  const { preferences, update } = usePreferences();
  const isDark = preferences.theme === 'dark';
  const isCompact = preferences.density === 'compact';
  const words = options.text.toLowerCase();

  const recents: Item[] = options.recents.map(({ customerId, name }) => ({
    id: `recent ${customerId}`,
    group: 'Looked at before',
    icon: <ClockIcon />,
    label: name ?? customerId,
    ...(name === null ? {} : { detail: customerId }),
    run: () => navigate(customerPath(customerId)),
  }));
  const pages: Item[] = PAGES.map((page) => ({
    id: `page ${page.path}`,
    group: 'Pages',
    icon: <page.Icon />,
    label: page.label,
    shortcut: page.shortcut,
    run: () => navigate(page.path),
  }));
  const acts: Item[] = [
    {
      id: 'act shortcuts',
      group: 'Actions',
      icon: <KeyboardIcon />,
      label: 'Show keyboard shortcuts',
      shortcut: 'shortcuts',
      run: options.onShowShortcuts,
    },
    {
      id: 'act theme',
      group: 'Actions',
      icon: <SettingsIcon />,
      label: isDark ? 'Use the light theme' : 'Use the dark theme',
      run: () => update({ theme: isDark ? 'light' : 'dark' }),
    },
    {
      id: 'act density',
      group: 'Actions',
      icon: <SettingsIcon />,
      label: isCompact ? 'Use comfortable rows' : 'Use compact rows',
      run: () => update({ density: isCompact ? 'comfortable' : 'compact' }),
    },
    {
      id: 'act sidebar',
      group: 'Actions',
      icon: <SettingsIcon />,
      label: preferences.sidebarCollapsed ? 'Unfold the sidebar' : 'Fold the sidebar',
      shortcut: 'toggle-sidebar',
      run: () => update({ sidebarCollapsed: !preferences.sidebarCollapsed }),
    },
  ];
  const all = [...recents, ...pages, ...acts];
  if (words === '') return all;
  return all.filter((item) => `${item.label} ${item.detail ?? ''}`.toLowerCase().includes(words));
}
