import { Figure } from './Figure.tsx';
import { UsageChart, type UsageChartProps } from './UsageChart.tsx';
import { UsageTable } from './UsageTable.tsx';

/** UsageChart under its heading, with the switch to UsageTable. */
export function UsageFigure(
  props: UsageChartProps & {
    /** Smaller words beside the heading, such as the time zone. */
    note?: string | undefined;
  },
) {
  const { note, ...chart } = props;
  const { height: _, ...table } = chart;
  return (
    <Figure
      title={chart.label}
      note={note}
      chart={<UsageChart {...chart} />}
      table={<UsageTable {...table} />}
    />
  );
}
