import { useSyncExternalStore } from 'react';
import classes from './announce.module.css';

let message = '';
let listeners: Array<() => void> = [];

/** Tells people who do not see the screen what just happened, once the reader has finished its sentence. */
export function announce(text: string): void {
  // The same sentence twice is news the second time too: a no-break space makes it a change.
  message = text === message ? `${text}\u00a0` : text;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners = [...listeners, listener];
  return () => {
    listeners = listeners.filter((each) => each !== listener);
  };
}

/** The one polite live region of the window. */
export function LiveRegion() {
  const text = useSyncExternalStore(subscribe, () => message);
  return (
    <div className={classes.region} role="status" aria-live="polite">
      {text}
    </div>
  );
}
