import type { AppError } from '#shared/errors.ts';
import { ErrorState } from './ErrorState.tsx';

/** What failed of a command. Nothing where main only asks for production's confirmation: that is a question, no failure. */
export function CommandFailure({ error }: { error: AppError | null }) {
  if (error === null || error.code === 'confirmation_required') return null;
  return <ErrorState error={error} />;
}
