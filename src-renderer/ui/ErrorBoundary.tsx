import { Component, type ReactNode } from 'react';
import { toAppError } from '#renderer/api/client.ts';
import type { AppError } from '#shared/errors.ts';
import { ErrorState } from './ErrorState.tsx';
import { Page } from './Page.tsx';

/** Catches what a page throws while rendering, so that the rest of the window stays usable. `resetKey` clears it. */
export class ErrorBoundary extends Component<
  { children: ReactNode; resetKey?: string },
  { error: AppError | null }
> {
  override state: { error: AppError | null } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error: toAppError(error) };
  }

  override componentDidUpdate(previous: { resetKey?: string }) {
    if (previous.resetKey !== this.props.resetKey && this.state.error !== null) {
      this.setState({ error: null });
    }
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Page>
        <ErrorState error={this.state.error} onRetry={() => this.setState({ error: null })} />
      </Page>
    );
  }
}
