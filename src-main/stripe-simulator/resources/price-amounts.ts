import type Stripe from 'stripe';
import { asDecimal, parseDecimal } from '../billing/exact-decimal.ts';
import { missingParameter } from '../missing-parameter.ts';
import { StripeRefusal } from '../route.ts';

/** An amount in minor units: whole where it is, and always as exact text. */
type Amount = { whole: number | null; exact: string | null };

const mostDecimalPlaces = 12;

/** The amount of one unit of a new price, by Stripe's rules on which parameters go together. */
export function priceAmounts(
  given: Pick<
    Stripe.PriceCreateParams,
    'unit_amount' | 'unit_amount_decimal' | 'custom_unit_amount' | 'tiers' | 'tiers_mode'
  >,
  tiered: boolean,
): Amount {
  const amount = amountOf(given.unit_amount, given.unit_amount_decimal, 'unit_amount');
  if (!tiered) {
    if (given.tiers !== undefined || given.tiers_mode !== undefined) {
      throw new StripeRefusal(
        400,
        '`tiers` and `tiers_mode` need `billing_scheme` to be `tiered`.',
        {
          parameter: given.tiers === undefined ? 'tiers_mode' : 'tiers',
        },
      );
    }
    if (amount.exact === null && given.custom_unit_amount === undefined) {
      throw new StripeRefusal(
        400,
        'Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.',
        { code: 'parameter_missing', parameter: 'unit_amount' },
      );
    }
    return amount;
  }
  if (amount.exact !== null) {
    throw new StripeRefusal(
      400,
      'A tiered price has its amounts in `tiers`, not in `unit_amount`.',
      {
        parameter: 'unit_amount',
      },
    );
  }
  if (given.tiers_mode === undefined) throw missingParameter('tiers_mode');
  if (given.tiers === undefined || given.tiers.length === 0) throw missingParameter('tiers');
  return amount;
}

/** The tiers of a new price: rising, the last one without an end. */
export function priceTiers(given: readonly Stripe.PriceCreateParams.Tier[]): Stripe.Price.Tier[] {
  let reached = 0;
  return given.map((tier, index) => {
    const last = index === given.length - 1;
    const parameter = `tiers[${index}][up_to]`;
    if (last !== (tier.up_to === 'inf')) {
      throw new StripeRefusal(
        400,
        'The last tier, and only that one, must have `up_to` set to `inf`.',
        { parameter },
      );
    }
    if (typeof tier.up_to === 'number') {
      if (tier.up_to <= reached) {
        throw new StripeRefusal(400, 'Tiers must go up: each `up_to` above the one before.', {
          parameter,
        });
      }
      reached = tier.up_to;
    }
    const unit = amountOf(
      tier.unit_amount,
      tier.unit_amount_decimal,
      `tiers[${index}][unit_amount]`,
    );
    const flat = amountOf(
      tier.flat_amount,
      tier.flat_amount_decimal,
      `tiers[${index}][flat_amount]`,
    );
    if (unit.exact === null && flat.exact === null)
      throw missingParameter(`tiers[${index}][unit_amount]`);
    return {
      flat_amount: flat.whole,
      flat_amount_decimal: flat.exact === null ? null : asDecimal(flat.exact),
      unit_amount: unit.whole,
      unit_amount_decimal: unit.exact === null ? null : asDecimal(unit.exact),
      up_to: typeof tier.up_to === 'number' ? tier.up_to : null,
    };
  });
}

function amountOf(
  whole: number | undefined,
  decimal: Stripe.Decimal | undefined,
  parameter: string,
): Amount {
  if (whole !== undefined && decimal !== undefined) {
    throw new StripeRefusal(
      400,
      `You may only specify one of these parameters: ${parameter}, ${parameter}_decimal.`,
      { parameter },
    );
  }
  if (whole !== undefined) {
    if (whole < 0) throw belowZero(parameter);
    return { whole, exact: String(whole) };
  }
  if (decimal === undefined) return { whole: null, exact: null };
  const text = String(decimal);
  try {
    const { coefficient, places } = parseDecimal(text);
    if (coefficient < 0n) throw belowZero(`${parameter}_decimal`);
    if (places <= mostDecimalPlaces) {
      const scale = 10n ** BigInt(places);
      const isWhole = coefficient % scale === 0n;
      return { whole: isWhole ? Number(coefficient / scale) : null, exact: text };
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new StripeRefusal(
    400,
    `Invalid decimal: ${text}; must contain at maximum ${mostDecimalPlaces} decimal places.`,
    { parameter: `${parameter}_decimal` },
  );
}

function belowZero(parameter: string): StripeRefusal {
  return new StripeRefusal(400, 'This value must be greater than or equal to 0.', {
    code: 'parameter_invalid_integer',
    parameter,
  });
}
