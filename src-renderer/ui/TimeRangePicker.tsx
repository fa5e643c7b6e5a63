import { Button, Popover, UnstyledButton } from '@mantine/core';
import { DatePicker } from '@mantine/dates';
import { useState } from 'react';
import { formatDay, formatTimeZone } from '#renderer/format/time.ts';
import {
  type DayRange,
  dayOf,
  presetRange,
  RANGE_PRESETS,
  type RangePreset,
} from '#shared/time.ts';
import { CalendarIcon, CheckIcon } from './icons.tsx';
import classes from './TimeRangePicker.module.css';

/** A range of calendar days, both included, and how it was chosen. */
export type TimeRange = DayRange & { preset: RangePreset | 'custom' };

const PRESET_LABELS: Record<RangePreset, string> = {
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
  '90d': 'Last 90 days',
  this_month: 'This month',
  last_month: 'Last month',
};

/** The days that a preset stands for now, in a time zone. */
export function timeRangeOf(preset: RangePreset, timeZone: string, now = new Date()): TimeRange {
  return { preset, ...presetRange(preset, timeZone, now) };
}

/** Days in words: "1 Nov 2026 – 22 Nov 2026", or one day alone. */
export function rangeInWords(range: DayRange): string {
  return range.from === range.to
    ? formatDay(range.from)
    : `${formatDay(range.from)} – ${formatDay(range.to)}`;
}

/** Chooses days by preset or by calendar; says in which time zone the days are cut. */
export function TimeRangePicker(props: {
  /** null: any time. */
  value: TimeRange | null;
  onChange: (range: TimeRange) => void;
  timeZone: string;
  /** False where the days stand beside the picker already. */
  showDays?: boolean;
}) {
  const { value, timeZone } = props;
  const [opened, setOpened] = useState(false);
  /** The first day of a custom range, while the second is being chosen. */
  const [draft, setDraft] = useState<[string | null, string | null] | null>(null);
  const presetLabel =
    value === null
      ? 'Any time'
      : value.preset === 'custom'
        ? 'Custom'
        : PRESET_LABELS[value.preset];

  function close() {
    setOpened(false);
    setDraft(null);
  }
  function choose(range: TimeRange) {
    props.onChange(range);
    close();
  }

  return (
    <Popover
      opened={opened}
      onChange={(next) => (next ? setOpened(true) : close())}
      position="bottom-end"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<CalendarIcon size={14} />}
          onClick={() => (opened ? close() : setOpened(true))}
          aria-label={`Time range: ${presetLabel}${value === null ? '' : ` ${rangeInWords(value)}`}`}
        >
          {presetLabel}{' '}
          {value !== null && props.showDays !== false && (
            <span className={classes.days}>{rangeInWords(value)}</span>
          )}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.dropdown} aria-label="Time range">
        <div className={classes.columns}>
          <div className={classes.presets}>
            {RANGE_PRESETS.map((preset) => (
              <UnstyledButton
                key={preset}
                className={classes.preset}
                aria-pressed={value?.preset === preset}
                data-autofocus={value?.preset === preset || undefined}
                onClick={() => choose(timeRangeOf(preset, timeZone))}
              >
                <span>{PRESET_LABELS[preset]}</span>
                {value?.preset === preset && <CheckIcon size={14} />}
              </UnstyledButton>
            ))}
          </div>
          <div className={classes.calendar}>
            <DatePicker
              type="range"
              size="xs"
              allowSingleDateInRange
              ariaLabels={{ previousMonth: 'Month before', nextMonth: 'Next month' }}
              classNames={{ day: classes.day ?? '' }}
              value={draft ?? [value?.from ?? null, value?.to ?? null]}
              defaultDate={value?.to ?? dayOf(new Date(), timeZone)}
              maxDate={dayOf(new Date(), timeZone)}
              onChange={([from, to]) => {
                if (from !== null && to !== null) choose({ preset: 'custom', from, to });
                else setDraft([from, to]);
              }}
            />
          </div>
        </div>
        <p className={classes.zone}>Days are cut in {formatTimeZone(timeZone)}.</p>
      </Popover.Dropdown>
    </Popover>
  );
}
