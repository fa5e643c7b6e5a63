import { Anchor, type AnchorProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

/** A link to a page of the window, in running text or a cell. */
export function PageLink(
  props: AnchorProps & { to: string; children: ReactNode; tabIndex?: number; title?: string },
) {
  const { to, ...rest } = props;
  return <Anchor inherit {...rest} component={Link} href={to} />;
}
