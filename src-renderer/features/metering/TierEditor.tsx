import { ActionIcon, Button, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useRef } from 'react';
import { flushSync } from 'react-dom';
import { formatCredits } from '#renderer/format/credits.ts';
import { formatUnitAmount, tierRange } from '#renderer/format/metering.ts';
import { CloseIcon, PlusIcon } from '#renderer/ui/icons.tsx';
import { parseUnitAmount } from '#shared/unit-amount.ts';
import { parseUnits } from '#shared/units.ts';
import classes from './metering.module.css';
import { firstUnit, type TierDraft } from './tier-draft.ts';

const TIERS_MAX = 100;

/** The tiers of a price as rows of fields, in rising order; the last has no end. One row is a price per unit. */
export function TierEditor({
  form,
  currency,
  onAdd,
  onRemove,
}: {
  form: Pick<UseFormReturnType<{ tiers: TierDraft[] }>, 'values' | 'getInputProps'>;
  currency: string;
  onAdd: () => void;
  onRemove: (index: number) => void;
}) {
  const { tiers } = form.values;
  const money = currency.toUpperCase();
  const rows = useRef<HTMLFieldSetElement>(null);
  /** The focus stood on the button of the row: it goes on to the row that is in its place then. */
  function remove(index: number) {
    flushSync(() => onRemove(index));
    const next = Math.min(index, tiers.length - 2);
    rows.current?.querySelectorAll('[role="group"]')[next]?.querySelector('input')?.focus();
  }
  return (
    <fieldset ref={rows} className={classes.tiers}>
      <legend className={classes.tiersLegend}>Tiers</legend>
      <div className={classes.tier} aria-hidden="true">
        <span className={classes.tierHead}>From unit</span>
        <span className={classes.tierHead}>Up to</span>
        <span className={classes.tierHead}>Per unit, {money}</span>
        <span className={classes.tierHead}>Fee, {money}</span>
      </div>
      {tiers.map((tier, index) => {
        const isLast = index === tiers.length - 1;
        const first = firstUnit(tiers, index);
        const name = `Tier ${index + 1}`;
        return (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset in a fieldset for each row would only be noise
          <div key={tier.key} className={classes.tier} role="group" aria-label={name}>
            <span className={classes.tierFrom}>{first === null ? '–' : formatCredits(first)}</span>
            {isLast ? (
              <span className={classes.tierFrom}>and beyond</span>
            ) : (
              <TextInput
                aria-label={`${name}: up to`}
                inputMode="numeric"
                autoComplete="off"
                {...form.getInputProps(`tiers.${index}.upTo`)}
              />
            )}
            <TextInput
              aria-label={`${name}: per unit`}
              inputMode="decimal"
              autoComplete="off"
              placeholder="0.0002"
              {...form.getInputProps(`tiers.${index}.unitAmount`)}
            />
            <TextInput
              aria-label={`${name}: fee`}
              inputMode="decimal"
              autoComplete="off"
              placeholder="None"
              {...form.getInputProps(`tiers.${index}.flatAmount`)}
            />
            {tiers.length > 1 ? (
              <ActionIcon aria-label={`Remove tier ${index + 1}`} onClick={() => remove(index)}>
                <CloseIcon size={14} />
              </ActionIcon>
            ) : (
              <span />
            )}
            <p className={classes.tierRead}>
              {tierInWords(tier, { first, isLast, currency }) ?? '\u00a0'}
            </p>
          </div>
        );
      })}
      <Button
        variant="subtle"
        size="compact-sm"
        mt={8}
        leftSection={<PlusIcon size={14} />}
        disabled={tiers.length >= TIERS_MAX}
        onClick={onAdd}
      >
        Add tier
      </Button>
    </fieldset>
  );
}

/** What a row was read as; null where something of it cannot be read. */
function tierInWords(
  tier: TierDraft,
  { first, isLast, currency }: { first: number | null; isLast: boolean; currency: string },
): string | null {
  const end = isLast ? null : parseUnits(tier.upTo);
  const each = parseUnitAmount(tier.unitAmount, currency);
  if (first === null || end?.ok === false || !each.ok) return null;
  const range = tierRange(first, end === null ? null : end.units);
  const fee = parseUnitAmount(tier.flatAmount, currency);
  const words = `= ${range}: ${formatUnitAmount(each.unitAmount, currency)} each`;
  return fee.ok ? `${words}, and ${formatUnitAmount(fee.unitAmount, currency)} once` : words;
}
