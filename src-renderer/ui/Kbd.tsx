import classes from './Kbd.module.css';
import { keyLabels, type ShortcutId, shortcut } from './shortcuts.ts';

/** The keys of a registered shortcut, as they are printed on this keyboard. */
export function Kbd(props: { id: ShortcutId }) {
  return <KeyCaps keys={shortcut(props.id).keys} />;
}

/** Keys as caps: "mod+K" is one chord, "G C" one key after the other. */
export function KeyCaps(props: { keys: string }) {
  return (
    <span className={classes.keys}>
      {keyLabels(props.keys).map((label, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the keys of one shortcut never move
        <kbd key={index} className={classes.key}>
          {label}
        </kbd>
      ))}
    </span>
  );
}
