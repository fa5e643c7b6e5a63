import { useEffect } from 'react';

let holders = 0;

/** Keeps the page where it is while the component is there: what it shows is nowhere else, and would be lost with the page. */
export function useHeldPage(): void {
  useEffect(() => {
    holders += 1;
    return () => {
      holders -= 1;
    };
  }, []);
}

/** Whether something holds the page: then neither the menu nor the search nor a notice leads to another one. */
export function isPageHeld(): boolean {
  return holders > 0;
}
