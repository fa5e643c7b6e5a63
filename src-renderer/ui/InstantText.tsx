import { useSyncExternalStore } from 'react';
import { useSession } from '#renderer/api/session.tsx';
import { formatInstantExact, formatInstantShort, formatRelative } from '#renderer/format/time.ts';

const MINUTE_MS = 60_000;
let listeners: Array<() => void> = [];
let timer: ReturnType<typeof setInterval> | undefined;

// One clock for all relative times on the screen.
function subscribe(listener: () => void) {
  listeners = [...listeners, listener];
  timer ??= setInterval(() => {
    for (const each of listeners) each();
  }, MINUTE_MS);
  return () => {
    listeners = listeners.filter((each) => each !== listener);
    if (listeners.length === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

const currentMinute = () => Math.floor(Date.now() / MINUTE_MS);

/** An instant as a person reads it: relative ("3 hours ago"), or the short date and time; the exact one as tooltip. */
export function InstantText(props: { iso: string; show?: 'relative' | 'date' }) {
  const { timeZone } = useSession();
  useSyncExternalStore(subscribe, currentMinute);
  return (
    <time dateTime={props.iso} title={formatInstantExact(props.iso, timeZone)}>
      {props.show === 'date' ? formatInstantShort(props.iso, timeZone) : formatRelative(props.iso)}
    </time>
  );
}
