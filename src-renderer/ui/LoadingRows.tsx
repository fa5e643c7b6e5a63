import { Skeleton, VisuallyHidden } from '@mantine/core';
import { useRowHeight } from './density.tsx';
import classes from './LoadingRows.module.css';
import { useDelayed } from './use-delayed.ts';

const WIDTHS = ['62%', '48%', '70%', '55%', '40%', '66%'];

/** Rows to come: bars in the place of rows, none in the first 150 ms. */
export function LoadingRows(props: { count?: number; label?: string }) {
  const shown = useDelayed();
  const rowHeight = useRowHeight();
  return (
    <div aria-busy="true">
      <VisuallyHidden>{props.label ?? 'Loading'}</VisuallyHidden>
      {shown &&
        Array.from({ length: props.count ?? 8 }, (_, index) => (
          <div
            // biome-ignore lint/suspicious/noArrayIndexKey: the bars are all alike and never move
            key={index}
            className={classes.row}
            style={{ height: rowHeight }}
            aria-hidden="true"
          >
            <Skeleton height={10} width={WIDTHS[index % WIDTHS.length] ?? '60%'} animate={false} />
            <Skeleton height={10} width={72} animate={false} />
          </div>
        ))}
    </div>
  );
}
