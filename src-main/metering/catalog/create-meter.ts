import { sql } from 'kysely';
import type { z } from 'zod';
import { readSnapshot } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import { AppError } from '#shared/errors.ts';
import type { meteringProcedures } from '#shared/ipc/metering.ts';
import { type MeterRow, readMeters } from './catalog-rows.ts';
import { linkMeter, objectionTo } from './link-meter.ts';
import { afterSaving } from './not-in-stripe-yet.ts';

type Input = z.output<(typeof meteringProcedures)['metering.createMeter']['input']>;
type NewMeter = Pick<Input, 'eventName' | 'name' | 'formula'>;

/**
 * Makes a meter here and in Stripe. Where Stripe does not answer, it stays here, not linked; the same again goes on from there, and
 * makes nothing twice. Errors: invalid_argument (the event name is taken, here or in Stripe; nothing was changed), stripe_*.
 */
export async function createMeter(target: MeteringTarget, meter: NewMeter): Promise<void> {
  await readSnapshot(target.database, undefined, async (run) => {
    refuseTaken(meter, (await readMeters(run, target, meter.eventName))[0]);
  });
  const problem = await problemInStripe(target, meter);
  if (problem && !isAbsence(problem)) throw problem;
  await save(target, meter);
  await afterSaving(async () => {
    if (problem) throw problem;
    await linkMeter(target, meter.eventName);
  });
}

/** What is wrong with the name in Stripe, or with Stripe. */
async function problemInStripe(
  { gateway }: MeteringTarget,
  meter: NewMeter,
): Promise<AppError | undefined> {
  try {
    const found = await gateway.findMeter(meter.eventName);
    return found && objectionTo({ ...meter, link: null }, found);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** Whether Stripe could not say anything about the name. */
function isAbsence({ code }: AppError): boolean {
  return code.startsWith('stripe_');
}

async function save({ database, actor, ...place }: MeteringTarget, meter: NewMeter): Promise<void> {
  const { eventName, name, formula } = meter;
  await post(database, { actor }, async ({ run }) => {
    await run(sql`
      INSERT INTO credits_billing.meters (event_name, name, formula, changed_by)
      VALUES (${eventName}, ${name}, ${formula}, ${actor}) ON CONFLICT (event_name) DO NOTHING`);
    refuseTaken(meter, (await readMeters(run, place, eventName))[0]);
  });
}

function refuseTaken(meter: NewMeter, there: MeterRow | undefined): void {
  if (there === undefined) return;
  const isSame = there.name === meter.name && there.formula === meter.formula && there.active;
  if (isSame) return;
  throw new AppError(
    'invalid_argument',
    `There is a meter ${meter.eventName} already: “${there.name}”, formula ${there.formula}${there.active ? '' : ', inactive'}. Nothing was changed. Choose another event name, or use the one that is there.`,
    { fields: { eventName: 'is taken' } },
  );
}
