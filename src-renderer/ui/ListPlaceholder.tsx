import type { ReactNode } from 'react';
import type { AppError } from '#shared/errors.ts';
import { ErrorState } from './ErrorState.tsx';
import { LoadingRows } from './LoadingRows.tsx';

/** What stands in a list of pages that has no rows: why it could not be read, that it is being read, or `children`. */
export function ListPlaceholder({
  pages,
  loadingLabel,
  children,
}: {
  pages: {
    error: AppError | null;
    isPending: boolean;
    /** The rows shown are those of another filter. */
    isPlaceholderData: boolean;
    refetch: () => unknown;
  };
  loadingLabel: string;
  /** There is nothing: an EmptyState. */
  children: ReactNode;
}) {
  if (pages.error !== null) {
    return <ErrorState error={pages.error} onRetry={() => void pages.refetch()} />;
  }
  if (pages.isPending || pages.isPlaceholderData) {
    return <LoadingRows count={12} label={loadingLabel} />;
  }
  return children;
}
