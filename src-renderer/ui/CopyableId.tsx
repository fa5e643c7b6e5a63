import { UnstyledButton } from '@mantine/core';
import { useEffect, useState } from 'react';
import classes from './CopyableId.module.css';
import { copyText } from './copy-text.ts';
import { CheckIcon, CopyIcon } from './icons.tsx';

const SHOWN_AS_COPIED_MS = 1500;

/** An id in monospace that copies itself when pressed. It is never cut without its whole text at hand. */
export function CopyableId(props: {
  value: string;
  /** What it is: "Customer id". */
  label: string;
  /** Cuts the end where the space runs out; the whole text stays in the tooltip and on the clipboard. */
  truncate?: boolean;
  /** For rows of a grid, whose buttons are not in the tab order. */
  tabIndex?: number;
}) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_AS_COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <UnstyledButton
      className={classes.id}
      data-truncate={props.truncate || undefined}
      title={`${props.value} – press to copy`}
      aria-label={`Copy ${props.label} ${props.value}`}
      tabIndex={props.tabIndex}
      onClick={async (event) => {
        event.stopPropagation();
        setCopied(await copyText(props.value, props.label));
      }}
    >
      <span className={classes.text}>{props.value}</span>
      <span className={classes.icon}>
        {copied ? <CheckIcon size={13} /> : <CopyIcon size={13} />}
      </span>
    </UnstyledButton>
  );
}
