import { SegmentedControl } from '@mantine/core';

export type ChartForm = 'chart' | 'table';

/** Switches one figure between its drawing and the same numbers as a table. */
export function ChartSwitch({
  label,
  value,
  onChange,
}: {
  /** What the figure shows, for a screen reader. */
  label: string;
  value: ChartForm;
  onChange: (form: ChartForm) => void;
}) {
  return (
    <SegmentedControl
      size="xs"
      aria-label={`${label}: show as`}
      value={value}
      onChange={(form) => onChange(form === 'table' ? 'table' : 'chart')}
      data={[
        { value: 'chart', label: 'Chart' },
        { value: 'table', label: 'Table' },
      ]}
    />
  );
}
