import { CartesianGrid, XAxis, YAxis } from 'recharts';
import { type ChartFrame, X_AXIS_HEIGHT } from './chart-frame.ts';

/** The grid and both axes of a drawing. */
export function ChartAxes<Value extends string | number>({
  frame: { ticks, top, plot },
  formatValue,
  x,
}: {
  frame: ChartFrame;
  /** Of the numbers beside the plot. */
  formatValue: (value: number) => string;
  /** The axis below the plot. */
  x: {
    dataKey: string;
    ticks: readonly Value[];
    tickFormatter: (value: Value) => string;
    /** Where it counts, its ends; otherwise each datum has a place of its own. */
    domain?: [number, number];
  };
}) {
  return (
    <>
      <CartesianGrid vertical={false} stroke="var(--hairline)" />
      <XAxis
        {...(x.domain && { type: 'number', domain: x.domain })}
        dataKey={x.dataKey}
        height={X_AXIS_HEIGHT}
        ticks={x.ticks}
        interval={0}
        tickFormatter={x.tickFormatter}
        tickLine={false}
        axisLine={{ stroke: 'var(--text-muted)' }}
      />
      <YAxis
        width={plot.left}
        ticks={ticks}
        domain={[0, top]}
        interval={0}
        tickFormatter={formatValue}
        tickLine={false}
        axisLine={false}
      />
    </>
  );
}
