import { useEffect, useEffectEvent } from 'react';

/**
 * Every key of the window, in one list: it feeds the sheet (`?`), tooltips, the palette and the handlers.
 * `mod` is Cmd on macOS and Ctrl elsewhere; "G C" is one key after the other.
 */
export const SHORTCUTS = [
  { id: 'search', group: 'Anywhere', keys: 'mod+K', label: 'Search everything' },
  { id: 'shortcuts', group: 'Anywhere', keys: '?', label: 'Show these shortcuts' },
  { id: 'go-back', group: 'Anywhere', keys: 'alt+ArrowLeft', label: 'Go back' },
  { id: 'go-forward', group: 'Anywhere', keys: 'alt+ArrowRight', label: 'Go forward' },
  { id: 'toggle-sidebar', group: 'Anywhere', keys: '[', label: 'Fold or unfold the sidebar' },

  { id: 'go-customers', group: 'Go to', keys: 'G C', label: 'Customers' },
  { id: 'go-transactions', group: 'Go to', keys: 'G T', label: 'Transactions' },
  { id: 'go-usage', group: 'Go to', keys: 'G U', label: 'Usage' },
  { id: 'go-features', group: 'Go to', keys: 'G F', label: 'Features' },
  { id: 'go-alerts', group: 'Go to', keys: 'G L', label: 'Alerts (low on credits)' },
  { id: 'go-catalog', group: 'Go to', keys: 'G P', label: 'Catalog (packages and plans)' },
  { id: 'go-metering', group: 'Go to', keys: 'G Y', label: 'Metering' },
  { id: 'go-money-back', group: 'Go to', keys: 'G R', label: 'Refunds' },
  { id: 'go-events', group: 'Go to', keys: 'G E', label: 'Stripe events' },
  { id: 'go-reconciliation', group: 'Go to', keys: 'G B', label: 'Reconciliation' },
  { id: 'go-stripe', group: 'Go to', keys: 'G M', label: 'Settings, Stripe' },
  { id: 'go-jobs', group: 'Go to', keys: 'G J', label: 'Jobs' },
  { id: 'go-api-keys', group: 'Go to', keys: 'G K', label: 'API keys' },
  { id: 'go-notifications', group: 'Go to', keys: 'G N', label: 'Settings, Notifications' },
  { id: 'go-settings', group: 'Go to', keys: 'G S', label: 'Settings' },
  { id: 'go-database', group: 'Go to', keys: 'G D', label: 'Settings, Database' },
  { id: 'go-about', group: 'Go to', keys: 'G A', label: 'About' },
  { id: 'page-1', group: 'Go to', keys: 'mod+1', label: 'First page of the sidebar' },
  { id: 'page-2', group: 'Go to', keys: 'mod+2', label: 'Second page' },
  { id: 'page-3', group: 'Go to', keys: 'mod+3', label: 'Third page' },

  { id: 'focus-filter', group: 'In lists', keys: '/', label: 'Search in this list' },
  { id: 'row-next', group: 'In lists', keys: 'ArrowDown', label: 'Next row' },
  { id: 'row-previous', group: 'In lists', keys: 'ArrowUp', label: 'Row before' },
  { id: 'row-open', group: 'In lists', keys: 'Enter', label: 'Open the row' },
  { id: 'row-select', group: 'In lists', keys: 'Space', label: 'Select the row' },
  { id: 'row-copy', group: 'In lists', keys: 'mod+C', label: 'Copy the selected rows' },

  { id: 'customer-grant', group: 'On a customer', keys: 'C', label: 'Grant credits' },
  { id: 'customer-adjust', group: 'On a customer', keys: 'D', label: 'Adjust down' },
  { id: 'customer-note', group: 'On a customer', keys: 'N', label: 'Add a note' },
] as const;

export type ShortcutId = (typeof SHORTCUTS)[number]['id'];
type Shortcut = { id: ShortcutId; group: string; keys: string; label: string };

/** The entry of the registry. */
export function shortcut(id: ShortcutId): Shortcut {
  const found = SHORTCUTS.find((each) => each.id === id);
  if (found === undefined) throw new Error(`No shortcut ${id}`);
  return found;
}

const isMac = () => /mac/i.test(navigator.platform);

const KEY_NAMES: Record<string, string> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
};

/** The caps of a shortcut on this keyboard: ["Ctrl", "K"], or ["⌘", "K"] on macOS. */
export function keyLabels(keys: string): string[] {
  return keys.split(/[ +]/).map((key) => {
    if (key === 'mod') return isMac() ? '⌘' : 'Ctrl';
    if (key === 'alt') return isMac() ? '⌥' : 'Alt';
    return KEY_NAMES[key] ?? key;
  });
}

/** The keys in words for tooltips and aria-keyshortcuts' readers: "Ctrl+K", "G then C". */
export function keysInWords(id: ShortcutId): string {
  const { keys } = shortcut(id);
  return keys.includes(' ') ? keyLabels(keys).join(' then ') : keyLabels(keys).join('+');
}

type Handler = { id: ShortcutId; run: () => void };

let handlers: Handler[] = [];
/** The first key of a sequence such as G C, while the second is awaited. */
let pendingKey: string | null = null;
let pendingTimer: ReturnType<typeof setTimeout> | undefined;
const SEQUENCE_MS = 1200;

/** Runs `handler` on a registered shortcut while the component is there; the one mounted last wins. */
export function useShortcut(
  id: ShortcutId,
  handler: () => void,
  options: { enabled?: boolean } = {},
): void {
  const enabled = options.enabled ?? true;
  const run = useEffectEvent(handler);
  useEffect(() => {
    if (!enabled) return;
    const entry: Handler = { id, run: () => run() };
    if (handlers.length === 0) window.addEventListener('keydown', onKeyDown);
    handlers = [entry, ...handlers];
    return () => {
      handlers = handlers.filter((each) => each !== entry);
      if (handlers.length === 0) window.removeEventListener('keydown', onKeyDown);
    };
  }, [id, enabled]);
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const chord = chordOf(event);
  if (chord === null) return;
  const hasModifier = chord.includes('+');
  // Plain letters belong to the field being typed in, and to the dialog that lies over the page.
  if (!hasModifier && (isTyping(event.target) || isDialogOpen())) return;
  if (hasModifier && isDialogOpen() && chord !== 'mod+K') return;

  const keys = pendingKey === null ? chord : `${pendingKey} ${chord}`;
  const isSequence = pendingKey !== null;
  clearPending();
  const match = handlers.find((each) => shortcut(each.id).keys === keys);
  if (match !== undefined) {
    event.preventDefault();
    match.run();
    return;
  }
  if (!isSequence && handlers.some((each) => shortcut(each.id).keys.startsWith(`${chord} `))) {
    pendingKey = chord;
    pendingTimer = setTimeout(clearPending, SEQUENCE_MS);
  }
}

function clearPending(): void {
  pendingKey = null;
  clearTimeout(pendingTimer);
}

function chordOf(event: KeyboardEvent): string | null {
  if (['Control', 'Shift', 'Alt', 'Meta', 'AltGraph'].includes(event.key)) return null;
  // AltGr arrives as Ctrl+Alt on Windows: it types characters and is nobody's shortcut.
  if (event.ctrlKey && event.altKey) return null;
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const isMod = isMac() ? event.metaKey : event.ctrlKey;
  if (isMod) return `mod+${key}`;
  if (event.altKey) return `alt+${key}`;
  if (event.metaKey || event.ctrlKey) return null;
  return key;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest('input, textarea, select, [role="combobox"]') !== null)
  );
}

function isDialogOpen(): boolean {
  return document.querySelector('[aria-modal="true"]') !== null;
}
