import { render as renderTree } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { App } from '#renderer/app.tsx';
import { openWindow } from './render.tsx';

/** Renders the whole window, shell and all, over a fake bridge. */
export function renderApp(options: Parameters<typeof openWindow>[0] = {}) {
  const bridge = openWindow(options);
  const view = renderTree(<App env="test" />);
  return { ...view, bridge, user: userEvent.setup() };
}
