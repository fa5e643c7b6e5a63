import { Radio, type RadioProps } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './ChoiceCards.module.css';

/** Things of which one is chosen, each a ChoiceCard; for the inside of a Radio.Group. */
export function ChoiceCards({ children }: { children: ReactNode }) {
  return <div className={classes.choices}>{children}</div>;
}

/** One thing to choose: its name, what it costs across from it, and a smaller line of what else is to know. */
export function ChoiceCard({
  name,
  price,
  more,
  ...radio
}: { name: string; price: string; more: string } & Pick<
  RadioProps,
  'value' | 'disabled' | 'aria-invalid'
> & { 'data-autofocus'?: boolean }) {
  return (
    <Radio
      {...radio}
      classNames={{ root: classes.choice ?? '', labelWrapper: classes.label ?? '' }}
      label={
        <>
          <span className={classes.name}>
            <span>{name}</span> <span>{price}</span>
          </span>{' '}
          <span className={classes.more}>{more}</span>
        </>
      }
    />
  );
}
