import { useSyncExternalStore } from 'react';
import type { BaseLocationHook } from 'wouter';

/**
 * Where the window is, kept after the `#` with its query: `#/transactions?types=usage`. wouter's own hash hook puts
 * the query before the `#`, where it outlives the page that set it.
 */

type Entry = { index: number };
type NavigateOptions = { replace?: boolean };

let listeners: Array<() => void> = [];
let lastIndex = currentIndex();

function currentIndex(): number {
  const state: unknown = history.state;
  return typeof state === 'object' && state !== null && 'index' in state ? Number(state.index) : 0;
}

function notify(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  if (listeners.length === 0) {
    window.addEventListener('popstate', notify);
    window.addEventListener('hashchange', notify);
  }
  listeners = [...listeners, listener];
  return () => {
    listeners = listeners.filter((each) => each !== listener);
    if (listeners.length === 0) {
      window.removeEventListener('popstate', notify);
      window.removeEventListener('hashchange', notify);
    }
  };
}

function current(): string {
  const text = window.location.hash.replace(/^#/, '');
  return text.startsWith('/') ? text : '/';
}

// wouter decodes what it gets once more (decodeURI), so that an id holding "%2F" would arrive as another id.
// Escaping the percent signs makes that decoding give back exactly what stands in the address.
const escapeOnce = (text: string) => text.replaceAll('%', '%25');
const readPath = () => escapeOnce(current().split('?', 1)[0] ?? '/');
const readSearch = () => {
  const at = current().indexOf('?');
  return at < 0 ? '' : escapeOnce(current().slice(at + 1));
};
const readMoves = () => `${currentIndex()}/${lastIndex}`;

/** Goes to a path of this window, such as `/customers?q=ada`. */
export function navigate(to: string, options: NavigateOptions = {}): void {
  const index = options.replace ? currentIndex() : currentIndex() + 1;
  const entry: Entry = { index };
  if (options.replace) {
    history.replaceState(entry, '', `#${to}`);
  } else {
    history.pushState(entry, '', `#${to}`);
    lastIndex = index;
  }
  notify();
}

/** wouter's location hook: `<Router hook={useHashLocation}>`. */
export const useHashLocation: BaseLocationHook = Object.assign(
  (): [string, typeof navigate] => [useSyncExternalStore(subscribe, readPath), navigate],
  {
    hrefs: (href: string) => `#${href}`,
    searchHook: () => useSyncExternalStore(subscribe, readSearch),
  },
);

/** Whether there is a place to go back or forward to, and the two moves. */
export function useHistoryMoves() {
  const [index = 0, last = 0] = useSyncExternalStore(subscribe, readMoves).split('/').map(Number);
  return {
    canGoBack: index > 0,
    canGoForward: index < last,
    back: () => history.back(),
    forward: () => history.forward(),
  };
}
