import { Drawer } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './SideDrawer.module.css';
import { useFocusBack } from './use-focus-back.ts';

/**
 * A drawer from the right that leaves the page in sight. Esc and the cross close it, and the focus goes back to where
 * it came from; put `data-autofocus` on the field to begin with. The foot stays while the body scrolls.
 */
export function SideDrawer(props: {
  opened: boolean;
  onClose: () => void;
  title: ReactNode;
  children: ReactNode;
  foot?: ReactNode;
  /** CSS pixels. */
  width?: number;
}) {
  useFocusBack(props.opened);
  return (
    <Drawer.Root
      opened={props.opened}
      onClose={props.onClose}
      position="right"
      classNames={{
        inner: classes.inner ?? '',
        content: classes.content ?? '',
        header: classes.header ?? '',
        title: classes.title ?? '',
        body: classes.body ?? '',
      }}
      size={props.width ?? 460}
      lockScroll={false}
      transitionProps={{ duration: 0 }}
    >
      <Drawer.Overlay backgroundOpacity={0.18} blur={0} />
      <Drawer.Content>
        <Drawer.Header>
          <Drawer.Title>{props.title}</Drawer.Title>
          <Drawer.CloseButton aria-label="Close" />
        </Drawer.Header>
        <Drawer.Body>{props.children}</Drawer.Body>
        {props.foot !== undefined && <div className={classes.foot}>{props.foot}</div>}
      </Drawer.Content>
    </Drawer.Root>
  );
}
