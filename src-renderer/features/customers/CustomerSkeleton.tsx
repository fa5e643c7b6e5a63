import { Skeleton, VisuallyHidden } from '@mantine/core';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { useDelayed } from '#renderer/ui/use-delayed.ts';
import styles from './customer-page.module.css';

/** A customer to come, in the layout of the page. */
export function CustomerSkeleton() {
  const shown = useDelayed();
  return (
    <div aria-busy="true">
      <VisuallyHidden>Loading the customer</VisuallyHidden>
      {shown && (
        <>
          <div className={styles.header} aria-hidden="true">
            <div className={styles.identity}>
              <Skeleton height={18} width={220} animate={false} />
              <Skeleton height={10} width={320} mt={10} animate={false} />
            </div>
            <div className={styles.figures}>
              {[120, 72, 72, 96, 96].map((width, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the bars never move
                <Skeleton key={index} height={34} width={width} animate={false} />
              ))}
            </div>
          </div>
          <LoadingRows count={8} label="Loading the customer" />
        </>
      )}
    </div>
  );
}
