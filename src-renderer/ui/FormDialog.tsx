import { Button, Modal } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import classes from './FormDialog.module.css';
import { useFocusBack } from './use-focus-back.ts';

/**
 * A dialog that asks for a little and does one thing with it. Submitting never leaves the page; with `isDangerous` the
 * button warns by its colour and Cancel has the focus.
 */
export function FormDialog(props: {
  title: string;
  onClose: () => void;
  onSubmit: () => void;
  submitLabel: string;
  /** Where "Cancel" would be mistaken for the act. */
  closeLabel?: string;
  isPending: boolean;
  /** The button cannot be pressed: something is missing. */
  isIncomplete?: boolean;
  isDangerous?: boolean;
  /** What else can be done, before Cancel. */
  otherActs?: ReactNode;
  children: ReactNode;
}) {
  useFocusBack(true);
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={props.title}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          props.onSubmit();
        }}
      >
        {props.children}
        <div className={classes.foot}>
          {props.otherActs}
          <Button
            variant="default"
            onClick={props.onClose}
            {...(props.isDangerous === true && { 'data-autofocus': true })}
          >
            {props.closeLabel ?? 'Cancel'}
          </Button>
          <Button
            type="submit"
            loading={props.isPending}
            disabled={props.isIncomplete === true}
            {...(props.isDangerous === true && { color: 'red' })}
          >
            {props.submitLabel}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
