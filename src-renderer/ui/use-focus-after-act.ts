import { type RefObject, useEffect } from 'react';

/**
 * Gives the focus to `target`, as it was when the act began, once the act is answered. A button that waits for its answer is
 * disabled and loses the focus, and one that takes its row away goes with it: the page would have the focus then.
 */
export function useFocusAfterAct(isActing: boolean, target: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    if (!isActing) return;
    return () => target.current?.focus({ preventScroll: true });
  }, [isActing, target]);
}
