import { useEffect, useState } from 'react';

/** Before this many milliseconds a skeleton would only flicker. */
const SKELETON_DELAY_MS = 150;

/** False at first, true once the wait has lasted long enough to be worth showing. */
export function useDelayed(delayMs: number = SKELETON_DELAY_MS): boolean {
  const [passed, setPassed] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setPassed(true), delayMs);
    return () => clearTimeout(timer);
  }, [delayMs]);
  return passed;
}
