import type { StripeMode } from '#shared/ipc/stripe.ts';
import classes from './StripeModeTag.module.css';

/** Which Stripe it is, as a word in its colour: real money is filled, everything else is a frame. */
export function StripeModeTag(props: { mode: StripeMode; children: string }) {
  return (
    <span className={classes.tag} data-mode={props.mode}>
      {props.children}
    </span>
  );
}
