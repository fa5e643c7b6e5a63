import { axisTicks } from './usage-series.ts';

/** Around a plot, in CSS pixels; the axes stand beside it within the drawing. */
export const MARGIN = { top: 8, right: 8, bottom: 0, left: 0 };
export const X_AXIS_HEIGHT = 26;

/** Where a plot stands within its drawing, in CSS pixels, and the numbers of the axis beside it. */
export type ChartFrame = {
  /** From 0 to `top`. */
  ticks: readonly number[];
  top: number;
  plot: { left: number; width: number; top: number; height: number };
};

/** The frame of a drawing whose axis reaches `largest` and has room for its numbers in words. */
export function chartFrame(
  largest: number,
  {
    width,
    height,
    formatValue,
    leastLeft = 32,
    right = MARGIN.right,
  }: {
    /** Of the whole drawing, in CSS pixels. */
    width: number;
    height: number;
    formatValue: (value: number) => string;
    leastLeft?: number;
    right?: number;
  },
): ChartFrame {
  const ticks = axisTicks(largest);
  const top = ticks.at(-1) ?? 1;
  const left = Math.max(leastLeft, formatValue(top).length * 7 + 10);
  return {
    ticks,
    top,
    plot: {
      left,
      width: Math.max(1, width - left - right),
      top: MARGIN.top,
      height: height - MARGIN.top - X_AXIS_HEIGHT,
    },
  };
}

/** Where a readout stands: on the side of a point at `x` that has more room in a drawing so wide. */
export function besidePoint(x: number, width: number): { left: number } | { right: number } {
  return x > width / 2 ? { right: width - x + 10 } : { left: x + 10 };
}
