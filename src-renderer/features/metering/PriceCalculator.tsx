import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { formatCredits } from '#renderer/format/credits.ts';
import { formatUnitAmount, tierRange } from '#renderer/format/metering.ts';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import { amountOf, chargesOf, type Tier, type TierCharge } from '#shared/metered-price.ts';
import { parseUnits, UNITS_MAX } from '#shared/units.ts';
import classes from './metering.module.css';

/**
 * What a number of units would cost under graduated tiers: a line for each tier's units and fee, each rounded on its own as on
 * the invoice, and their sum.
 */
export function PriceCalculator({
  tiers,
  currency,
  initialUnits,
}: {
  tiers: readonly Tier[];
  currency: string;
  /** What it begins with; left out, a number that reaches the last tier. */
  initialUnits?: number;
}) {
  const [text, setText] = useState(() => formatCredits(initialUnits ?? reachingLast(tiers)));
  const parsed = parseUnits(text);
  const cost = parsed.ok ? costOf(tiers, parsed.units) : null;
  return (
    <div className={classes.calculator}>
      <TextInput
        className={classes.unitsField}
        label="What would so many units cost?"
        inputMode="numeric"
        autoComplete="off"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={parsed.ok ? null : parsed.why}
      />
      {cost?.ok === false && (
        <p className={classes.note} role="status">
          {cost.why}
        </p>
      )}
      {cost?.ok === true && (
        <Table
          label="Cost"
          head={
            <>
              <th scope="col">Units</th>
              <th scope="col" data-number>
                Count
              </th>
              <th scope="col" data-number>
                Each
              </th>
              <th scope="col" data-number>
                Amount
              </th>
            </>
          }
          foot={
            <tr>
              <th scope="row" colSpan={3}>
                Total
              </th>
              <td data-number>
                <MoneyAmount value={{ amountMinor: cost.totalMinor, currency }} />
              </td>
            </tr>
          }
        >
          {cost.charges.map((charge) => (
            <ChargeRows key={charge.tier} charge={charge} tiers={tiers} currency={currency} />
          ))}
        </Table>
      )}
    </div>
  );
}

function ChargeRows({
  charge,
  tiers,
  currency,
}: {
  charge: TierCharge;
  tiers: readonly Tier[];
  currency: string;
}) {
  const tier = tiers[charge.tier];
  if (tier === undefined) return null;
  const range = tierRange((tiers[charge.tier - 1]?.upTo ?? 0) + 1, tier.upTo);
  return (
    <>
      <tr>
        <th scope="row">{range}</th>
        <td data-number>{formatCredits(charge.units)}</td>
        <td data-number>{formatUnitAmount(tier.unitAmount, currency)}</td>
        <td data-number>
          <MoneyAmount value={{ amountMinor: charge.unitsMinor, currency }} />
        </td>
      </tr>
      {tier.flatAmount !== null && (
        <tr>
          <th scope="row">Fee of {range}</th>
          <td data-number>1</td>
          <td data-number>{formatUnitAmount(tier.flatAmount, currency)}</td>
          <td data-number>
            <MoneyAmount value={{ amountMinor: charge.flatMinor, currency }} />
          </td>
        </tr>
      )}
    </>
  );
}

type Cost =
  | { ok: true; charges: TierCharge[]; totalMinor: number }
  | {
      ok: false;
      why: string;
    };

function costOf(tiers: readonly Tier[], units: number): Cost {
  try {
    return { ok: true, charges: chargesOf(tiers, units), totalMinor: amountOf(tiers, units) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { ok: false, why: error.message };
  }
}

function reachingLast(tiers: readonly Tier[]): number {
  const lastEnd = tiers.at(-2)?.upTo ?? 0;
  return lastEnd === 0 ? 1_000 : Math.min(UNITS_MAX, lastEnd + Math.ceil(lastEnd / 2));
}
