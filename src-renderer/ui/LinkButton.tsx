import { Button, type ButtonProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

/** A link to a page of the window that looks like a button. */
export function LinkButton(
  props: ButtonProps & { to: string; onClick?: (() => void) | undefined; children: ReactNode },
) {
  const { to, ...rest } = props;
  return <Button variant="default" {...rest} component={Link} href={to} />;
}
