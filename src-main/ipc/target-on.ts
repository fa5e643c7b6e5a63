import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { AppError } from '#shared/errors.ts';
import type { HandlerDependencies } from './dependencies.ts';

type OpenDatabase = ReturnType<HandlerDependencies['databaseFor']>;

/**
 * Stripe, with the database that the right was checked on and the person as actor. Throws `cancelled` where the person switched to
 * another database meanwhile: one workspace's customers never meet another one's account.
 */
export async function targetOn(
  { stripe }: Pick<HandlerDependencies, 'stripe'>,
  database: Pick<OpenDatabase, 'pool' | 'actor'> & StripeTarget['database'],
): Promise<StripeTarget> {
  const target = await stripe.target();
  assertSameDatabase(target.database, database);
  return { ...target, database, actor: database.actor };
}

/** Throws `cancelled` where the two are different connections. */
export function assertSameDatabase(
  one: Pick<OpenDatabase, 'pool'>,
  other: Pick<OpenDatabase, 'pool'>,
): void {
  if (one.pool === other.pool) return;
  throw new AppError(
    'cancelled',
    'The console was connected to another database meanwhile, so nothing was changed. Try again.',
  );
}
