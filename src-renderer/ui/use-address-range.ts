import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { formatQuantity } from '#renderer/format/credits.ts';
import { daysIn, rangeAsked, resolveRange } from '#renderer/navigation/range-days.ts';
import { type QueryRange, rangeQuery } from '#renderer/navigation/range-query.ts';
import type { DayRange } from '#shared/time.ts';
import { announce } from './announce.tsx';
import type { TimeRange } from './TimeRangePicker.tsx';

/**
 * A range of days that stands in the address of a page, for a TimeRangePicker: the last 30 days where it asks for none. A
 * range of more than `daysMax` days is refused with a sentence.
 */
export function useAddressRange(options: {
  path: string;
  timeZone: string;
  daysMax: number;
  /** Ends the sentence "Choose at most 366 days: …". */
  why: string;
}): {
  /** As the address has it: a preset by its name. */
  chosen: QueryRange;
  range: DayRange;
  value: TimeRange;
  onChange: (range: TimeRange) => void;
  refused: string | null;
} {
  const [, navigate] = useLocation();
  const [refused, setRefused] = useState<string | null>(null);
  const chosen = rangeAsked(useSearch(), options.daysMax);
  const range = resolveRange(chosen, options.timeZone, new Date());
  return {
    chosen,
    range,
    value: { preset: typeof chosen === 'string' ? chosen : 'custom', ...range },
    onChange({ preset, from, to }) {
      if (daysIn({ from, to }) > options.daysMax) {
        const sentence = `Choose at most ${formatQuantity(options.daysMax, 'day')}: ${options.why}`;
        setRefused(sentence);
        announce(sentence);
        return;
      }
      setRefused(null);
      const query = new URLSearchParams(rangeQuery(preset === 'custom' ? { from, to } : preset));
      navigate(`${options.path}?${query}`);
    },
    refused,
  };
}
