import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { formatCredits } from '#renderer/format/credits.ts';
import { type Credits, parseCredits } from '#shared/credits.ts';
import { FormFilter } from './FormFilter.tsx';
import classes from './Transactions.module.css';

type Bounds = { amountMin: Credits | null; amountMax: Credits | null };

/** Bounds on the size of a movement, without its sign; either may be left open. */
export function AmountFilter({
  bounds,
  onChange,
}: {
  bounds: Bounds;
  onChange: (bounds: Bounds) => void;
}) {
  return (
    <FormFilter label="Amount">
      {(close) => (
        <AmountForm
          bounds={bounds}
          onSubmit={(next) => {
            close();
            onChange(next);
          }}
        />
      )}
    </FormFilter>
  );
}

function AmountForm({ bounds, onSubmit }: { bounds: Bounds; onSubmit: (bounds: Bounds) => void }) {
  const [min, setMin] = useState(textOf(bounds.amountMin));
  const [max, setMax] = useState(textOf(bounds.amountMax));
  const [tried, setTried] = useState(false);
  const least = readBound(min);
  const most = readBound(max);
  const crossed =
    least.value !== null && most.value !== null && least.value > most.value
      ? 'This is less than the lower bound.'
      : null;

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (least.why !== null || most.why !== null || crossed !== null) return;
    onSubmit({ amountMin: least.value, amountMax: most.value });
  }

  return (
    <form className={classes.amountForm} onSubmit={submit} noValidate>
      <TextInput
        label="At least"
        inputMode="numeric"
        autoComplete="off"
        data-autofocus
        value={min}
        error={tried ? least.why : null}
        onChange={(event) => setMin(event.currentTarget.value)}
      />
      <TextInput
        label="At most"
        inputMode="numeric"
        autoComplete="off"
        value={max}
        error={tried ? (most.why ?? crossed) : null}
        onChange={(event) => setMax(event.currentTarget.value)}
      />
      <p className={classes.formHint}>Credits, whichever way they moved.</p>
      <Button type="submit">Apply</Button>
    </form>
  );
}

function textOf(bound: Credits | null): string {
  return bound === null ? '' : formatCredits(bound);
}

function readBound(text: string): { value: Credits | null; why: string | null } {
  if (text.trim() === '') return { value: null, why: null };
  const parsed = parseCredits(text);
  return parsed.ok ? { value: parsed.value, why: null } : { value: null, why: parsed.why };
}
