import { Button, Group, getDefaultZIndex, Modal } from '@mantine/core';
import type { ReactNode } from 'react';

/**
 * Asks once more. Cancel is the default: it has the focus, and Esc means it. The other button names the act.
 */
export function ConfirmDialog(props: {
  opened: boolean;
  title: ReactNode;
  children: ReactNode;
  confirmLabel: string;
  cancelLabel?: string;
  /** For acts that destroy or that cannot be taken back. */
  isDangerous?: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}) {
  return (
    <Modal
      opened={props.opened}
      onClose={props.onCancel}
      title={props.title}
      size={440}
      // Above the drawer it asks about, whichever of the two the page mounted first.
      zIndex={getDefaultZIndex('modal') + 1}
      closeButtonProps={{ 'aria-label': 'Close' }}
      // Mantine listens to Esc on the window, where the very key that opened this would close it again.
      closeOnEscape={false}
      onKeyDown={(event) => {
        if (event.key === 'Escape') props.onCancel();
      }}
    >
      {props.children}
      <Group justify="flex-end" gap="sm" mt="lg">
        <Button variant="default" data-autofocus onClick={props.onCancel}>
          {props.cancelLabel ?? 'Cancel'}
        </Button>
        <Button {...(props.isDangerous === true && { color: 'red' })} onClick={props.onConfirm}>
          {props.confirmLabel}
        </Button>
      </Group>
    </Modal>
  );
}
