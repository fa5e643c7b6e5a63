import { AppError } from '#shared/errors.ts';
import type { MeteringTarget } from '../metering-target.ts';
import { finishCancelling } from './cancel-usage.ts';
import type { ClaimedUsage } from './claim-usage.ts';
import { findInStripe } from './find-in-stripe.ts';
import { beginAnew, markDelivered, markUndelivered, putBack } from './mark-usage.ts';
import { isFromStripe, isRefusal } from './refusal.ts';

const LOOK_AGAIN_SECONDS = 600;

const TOO_OLD = {
  code: null,
  message: 'The usage is of more than 35 days ago, which Stripe does not take. It was not sent.',
};

/**
 * Sends a claimed event, or takes it back where it is being cancelled, and notes the outcome. Answers with what ends the round:
 * then the event waits for a later one. Errors: those of the database, after which the claim runs out and the event is sent again.
 */
export async function deliverUsage(
  target: MeteringTarget,
  event: ClaimedUsage,
): Promise<AppError | undefined> {
  try {
    if (event.state === 'cancelling') await finishCancelling(target, event, { isFirst: false });
    else if (await mayBeSent(target, event)) await send(target, event);
    return undefined;
  } catch (error) {
    if (!isFromStripe(error)) throw error;
    await putBack(target, event, error);
    return error;
  }
}

/** Settles what cannot simply be sent: events that are too old, and those whose identifier Stripe may have forgotten. */
async function mayBeSent(target: MeteringTarget, event: ClaimedUsage): Promise<boolean> {
  if (event.isTooOld && !event.wasAttempted) {
    await markUndelivered(target, event, 'too_old', TOO_OLD);
    return false;
  }
  // Of a meter that takes the newest value, a second event of the same second and value changes nothing.
  if (!event.isForgotten || (event.formula === 'last' && !event.isTooOld)) return true;
  switch (await findInStripe(target, event)) {
    case 'there':
      await markDelivered(target, event, 'inferred');
      return false;
    case 'later':
      await putBack(
        target,
        event,
        new AppError(
          'stripe_unavailable',
          'Whether Stripe has this event can only be told once the others of its minute are settled. It is looked for again by itself.',
          { details: { retryAfterSeconds: LOOK_AGAIN_SECONDS } },
        ),
      );
      return false;
    case 'unclear':
      await markUndelivered(target, event, 'unclear', {
        code: null,
        message:
          'It was sent more than a day ago without an answer, and Stripe’s summary does not tell whether it arrived. It was not sent again.',
      });
      return false;
    case 'absent':
      if (!event.isTooOld) return beginAnew(target, event);
      await markUndelivered(target, event, 'too_old', TOO_OLD);
      return false;
  }
}

async function send(target: MeteringTarget, event: ClaimedUsage): Promise<void> {
  const { identifier, eventName, stripeCustomerId, value, occurredAt } = event;
  try {
    const outcome = await target.gateway.sendUsage({
      identifier,
      eventName,
      stripeCustomerId,
      value,
      occurredAt,
    });
    if (outcome === 'too_old') await noteRefusal(target, event, 'too_old', TOO_OLD);
    else await markDelivered(target, event, outcome === 'accepted' ? 'sent' : 'duplicate');
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await noteRefusal(target, event, 'rejected', error);
  }
}

/** What Stripe refuses now, it may have taken with an attempt whose answer was lost. */
async function noteRefusal(
  target: MeteringTarget,
  event: ClaimedUsage,
  state: 'rejected' | 'too_old',
  why: { code: string | null; message: string },
): Promise<void> {
  if (!event.wasAttempted) await markUndelivered(target, event, state, why);
  else if ((await findInStripe(target, event)) === 'there') {
    await markDelivered(target, event, 'inferred');
  } else {
    await markUndelivered(target, event, 'unclear', {
      code: why.code,
      message: `${why.message} An earlier attempt had no answer, so Stripe may have it all the same.`,
    });
  }
}
