export const ZOOM_DEFAULT = 1;

const STEPS = [0.75, 0.9, ZOOM_DEFAULT, 1.1, 1.25, 1.5, 1.75, 2];

/** The next step of the zoom from any factor; stays where it is at either end. */
export function nextZoom(factor: number, direction: 'in' | 'out'): number {
  // A little tolerance: the factor comes back from Chromium as a float.
  const step =
    direction === 'in'
      ? STEPS.find((each) => each > factor + 0.01)
      : STEPS.findLast((each) => each < factor - 0.01);
  return step ?? factor;
}
