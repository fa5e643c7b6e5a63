import { TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { problemOf } from '#renderer/ui/form-problems.ts';
import { MoneyField } from '#renderer/ui/MoneyField.tsx';
import { currencySchema, type Money, moneyDigits, parseMoney } from '#shared/money.ts';
import classes from './catalog.module.css';

/** A price as it is typed. */
export type PriceValues = { price: string; currency: string };

/** What the fields begin with; null where there is no price yet. */
export function initialPrice(price: Money | null): PriceValues {
  return {
    price: price === null ? '' : moneyDigits(price),
    currency: price?.currency ?? 'usd',
  };
}

/** The fields read as money; null where one of them has a problem. */
export function readPrice(values: PriceValues): Money | null {
  const currency = currencyOf(values);
  const parsed = parseMoney(values.price, currency);
  return parsed.ok ? { currency, amountMinor: parsed.amountMinor } : null;
}

export function priceProblem(values: PriceValues): string | null {
  const parsed = parseMoney(values.price, currencyOf(values));
  return parsed.ok ? null : parsed.why;
}

export function currencyProblem(values: PriceValues): string | null {
  return problemOf(currencySchema, currencyOf(values));
}

function currencyOf({ currency }: PriceValues): string {
  return currency.trim().toLowerCase();
}

/** A price and its currency, for forms that hold both under these names. */
export function PriceFields({
  label,
  form,
}: {
  label: string;
  form: Pick<UseFormReturnType<PriceValues>, 'values' | 'getInputProps'>;
}) {
  const currency = currencyOf(form.values);
  return (
    <div className={classes.price}>
      <MoneyField
        label={label}
        currency={currency}
        hint={`An amount, such as ${moneyDigits({ amountMinor: 1_200, currency })}`}
        {...form.getInputProps('price')}
        value={form.values.price}
      />
      <TextInput
        label="Currency"
        maxLength={3}
        spellCheck={false}
        {...form.getInputProps('currency')}
      />
    </div>
  );
}
