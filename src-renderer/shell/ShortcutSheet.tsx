import { Modal } from '@mantine/core';
import { KeyCaps } from '#renderer/ui/Kbd.tsx';
import { SHORTCUTS } from '#renderer/ui/shortcuts.ts';
import classes from './ShortcutSheet.module.css';

const GROUPS = [...new Set(SHORTCUTS.map((each) => each.group))];

/** Every key of the window, by where it works. */
export function ShortcutSheet(props: { opened: boolean; onClose: () => void }) {
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title="Keyboard shortcuts"
      size={680}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className={classes.columns}>
        {GROUPS.map((group) => (
          <section key={group} className={classes.group}>
            <h3 className={classes.heading}>{group}</h3>
            <dl className={classes.list}>
              {SHORTCUTS.filter((each) => each.group === group).map((each) => (
                <div key={each.id} className={classes.line}>
                  <dt>{each.label}</dt>
                  <dd className={classes.keys}>
                    <KeyCaps keys={each.keys} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
