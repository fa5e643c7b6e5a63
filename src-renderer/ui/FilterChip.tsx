import { UnstyledButton } from '@mantine/core';
import classes from './FilterChip.module.css';
import { CloseIcon } from './icons.tsx';

/** A filter in force: what it filters by, its value, and a button that takes it away. */
export function FilterChip(props: { label: string; value: string; onRemove: () => void }) {
  return (
    <span className={classes.chip}>
      <span className={classes.label}>{props.label}</span>
      <span className={classes.value} title={props.value}>
        {props.value}
      </span>
      <UnstyledButton
        className={classes.remove}
        aria-label={`Remove filter ${props.label}: ${props.value}`}
        onClick={props.onRemove}
      >
        <CloseIcon size={12} />
      </UnstyledButton>
    </span>
  );
}
