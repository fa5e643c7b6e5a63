import { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';

type Procedures =
  | 'stripe.status'
  | 'stripe.connect'
  | 'stripe.disconnect'
  | 'stripe.enableLive'
  | 'stripe.setPolicies'
  | 'stripe.setWebhookSecret'
  | 'stripe.pollNow'
  | 'stripe.openSimulator';

/** The workspace's Stripe account: what is connected, and how. The inbox has handlers of its own. */
export function stripeHandlers({
  stripe,
  desktop,
}: Pick<HandlerDependencies, 'stripe' | 'desktop'>): Pick<Handlers<Contract>, Procedures> {
  return {
    'stripe.status': () => stripe.status(),
    'stripe.connect': (input) => stripe.connect(input),
    'stripe.disconnect': (input) => stripe.disconnect(input),
    'stripe.enableLive': () => stripe.enableLive(),
    'stripe.setPolicies': (input) => stripe.setPolicies(input),
    'stripe.setWebhookSecret': ({ secret }) => stripe.setWebhookSecret(secret),
    'stripe.pollNow': () => stripe.pollNow(),
    'stripe.openSimulator': async () => {
      const url = stripe.simulatorUrl();
      if (url === undefined) {
        throw new AppError(
          'not_found',
          'The simulator does not run: it serves local connections without a key. Nothing was opened.',
        );
      }
      if (!desktop) {
        throw new AppError(
          'file_error',
          'There is no desktop to open this on. Nothing was opened.',
        );
      }
      await desktop.openLink(url);
      return {};
    },
  };
}
