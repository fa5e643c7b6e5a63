import type { ReactNode } from 'react';
import classes from './Page.module.css';

/**
 * The frame of a page below the top bar. `fill` gives the children the height of the window and no scrolling of the
 * page (lists scroll inside); `reading` keeps lines short (settings, about).
 */
export function Page(props: { children: ReactNode; layout?: 'scroll' | 'fill' | 'reading' }) {
  return (
    <div className={classes.page} data-layout={props.layout ?? 'scroll'}>
      <div className={classes.inner}>{props.children}</div>
    </div>
  );
}
