import { AppError } from '#shared/errors.ts';
import type { StripeEvent } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { isHandledType } from './event-types.ts';
import { wakeWorkers } from './wake-workers.ts';

export type ReceivedBy = 'poll' | 'webhook';

const ID_LENGTH_MAX = 255;
// Beyond the year 9999 the database's text form of an instant differs.
const SECONDS_MAX = 253_402_300_799;

/**
 * Puts events into the inbox, each once by its id, however often and by whichever way it comes. What cannot be for this
 * workspace (another account or mode) is kept as refused, and what the console does nothing with as ignored. Answers with the ids that
 * were new.
 */
export async function receiveEvents(
  target: StripeTarget,
  events: readonly StripeEvent[],
  receivedBy: ReceivedBy,
): Promise<Set<string>> {
  if (events.length === 0) return new Set();
  const rows = events.map((event) => rowOf(target, event, receivedBy));
  const { rows: stored } = await target.database.pool.query<{ id: string; state: string }>({
    name: 'stripe.receive_events',
    text: `INSERT INTO credits_billing.stripe_events (id, account_id, livemode, type, object_id, payload, created_at, received_by,
        state, error_code, error, outcome, handled_at)
      SELECT e.id, e.account_id, e.livemode, e.type, e.object_id, e.payload, to_timestamp(e.created), e.received_by, e.state,
        e.error_code, e.error, e.outcome, CASE WHEN e.state = 'ignored' THEN clock_timestamp() END
      FROM jsonb_to_recordset($1::jsonb) AS e (id text, account_id text, livemode boolean, type text, object_id text,
        payload jsonb, created double precision, received_by text, state text, error_code text, error text, outcome text)
      ON CONFLICT (id) DO NOTHING RETURNING id, state`,
    values: [JSON.stringify(rows)],
  });
  if (stored.some(({ state }) => state === 'received')) wakeWorkers(target);
  return new Set(stored.map(({ id }) => id));
}

/**
 * Puts one event into the inbox. Throws `stripe_other_mode` or `stripe_other_account` where it is not for this workspace;
 * it is kept as refused then.
 */
export async function receiveEvent(
  target: StripeTarget,
  event: StripeEvent,
  receivedBy: ReceivedBy,
): Promise<'stored' | 'known'> {
  const stored = await receiveEvents(target, [event], receivedBy);
  const refusal = refusalOf(target, event);
  if (refusal) throw refusal;
  return stored.has(event.id) ? 'stored' : 'known';
}

/** Why an event is not for this workspace; undefined where it is. */
function refusalOf(target: StripeTarget, event: StripeEvent): AppError | undefined {
  if (event.livemode !== target.livemode) {
    return new AppError(
      'stripe_other_mode',
      `The event is of ${event.livemode ? 'live' : 'test'} mode, and this workspace works in ${target.livemode ? 'live' : 'test'} mode. Nothing was granted.`,
    );
  }
  if (event.account !== null && event.account !== target.accountId) {
    return new AppError(
      'stripe_other_account',
      `The event is of the account ${event.account.slice(0, ID_LENGTH_MAX)}, and this workspace belongs to ${target.accountId}. Nothing was granted.`,
    );
  }
  return undefined;
}

function rowOf(target: StripeTarget, event: StripeEvent, receivedBy: ReceivedBy) {
  const refusal = refusalOf(target, event);
  const { objectId } = event;
  return {
    id: storable(event.id),
    account_id: storable(event.account ?? target.accountId).slice(0, ID_LENGTH_MAX),
    livemode: event.livemode,
    type: storable(event.type),
    object_id: objectId !== null && objectId.length <= ID_LENGTH_MAX ? storable(objectId) : null,
    payload: storableValue(event.payload),
    created: Math.min(Math.max(Math.floor(event.createdAt.getTime() / 1_000), 0), SECONDS_MAX),
    received_by: receivedBy,
    ...stateOf(event, refusal),
  };
}

function stateOf(event: StripeEvent, refusal: AppError | undefined) {
  if (refusal) return { state: 'refused', error_code: refusal.code, error: refusal.message };
  return isHandledType(event.type)
    ? { state: 'received' }
    : { state: 'ignored', outcome: 'The console does nothing with events of this type.' };
}

/** With a payment intent's client secret its payment can be completed: whoever may read the inbox needs none of that. */
const SECRETS = new Set(['client_secret']);

/** The database holds no NUL and no halves of characters. */
function storable(text: string): string {
  return text.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd');
}

function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inside]) => [
      storable(name),
      SECRETS.has(name) && typeof inside === 'string' ? '***' : storableValue(inside),
    ]),
  );
}
