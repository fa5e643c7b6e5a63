import {
  type MantineColorSchemeManager,
  MantineProvider,
  useMantineColorScheme,
} from '@mantine/core';
import { type ReactNode, useLayoutEffect } from 'react';
import type { Preferences } from '#shared/ipc/settings.ts';
import { cssVariablesResolver, theme } from './theme.ts';

// The preference lives in main's settings, not in this window's storage.
const sessionOnly: MantineColorSchemeManager = {
  get: (defaultValue) => defaultValue,
  set: () => {},
  subscribe: () => {},
  unsubscribe: () => {},
  clear: () => {},
};

/** The nonce of this page load: main puts it into index.html and into the content security policy. */
function styleNonce(): string {
  return document.querySelector('meta[name="style-nonce"]')?.getAttribute('content') ?? '';
}

/** Mantine with the console's theme. `env="test"` renders without transitions and portals. */
export function ConsoleTheme(props: { children: ReactNode; env?: 'default' | 'test' }) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariablesResolver}
      defaultColorScheme="auto"
      colorSchemeManager={sessionOnly}
      getStyleNonce={styleNonce}
      env={props.env ?? 'default'}
    >
      {props.children}
    </MantineProvider>
  );
}

/** Applies the preferred scheme; `system` follows the operating system. */
export function useThemePreference(preference: Preferences['theme']): void {
  const { setColorScheme } = useMantineColorScheme();
  useLayoutEffect(() => {
    setColorScheme(preference === 'system' ? 'auto' : preference);
  }, [preference, setColorScheme]);
}
