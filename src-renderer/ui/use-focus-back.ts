import { useEffect } from 'react';

/**
 * Gives the focus back to where it was once something that took it is taken off the page while still open: what closes by
 * being unmounted. Does nothing where the focus has another place by then, or its old one is gone.
 */
export function useFocusBack(opened: boolean): void {
  useEffect(() => {
    if (!opened) return;
    const before = document.activeElement;
    return () => {
      const hasNone = document.activeElement === null || document.activeElement === document.body;
      if (hasNone && before instanceof HTMLElement && before.isConnected) {
        before.focus({ preventScroll: true });
      }
    };
  }, [opened]);
}
