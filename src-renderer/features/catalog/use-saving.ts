import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useSession } from '#renderer/api/session.tsx';
import { announce } from '#renderer/ui/announce.tsx';
import { errorsByField } from '#renderer/ui/form-problems.ts';
import type { AppError } from '#shared/errors.ts';

/** What becomes of an item's form once main has answered: options of its command, and whether production has to be confirmed. */
export function useSaving({
  setErrors,
  fieldOfArgument,
  onClose,
}: {
  setErrors: (errors: Record<string, string>) => void;
  /** The contract's names of values that the form asks for under other names. */
  fieldOfArgument: Readonly<Record<string, string>>;
  onClose: () => void;
}) {
  const { connection } = useSession();
  const queryClient = useQueryClient();
  const [asksProduction, setAsksProduction] = useState(connection.environment === 'production');
  return {
    asksProduction,
    whenAnswered: {
      onSuccess: (saved: { name: string }) => {
        announce(`${saved.name} saved.`);
        void queryClient.invalidateQueries({ queryKey: ['catalog.list'] });
        onClose();
      },
      onError: (error: AppError) => {
        setErrors(errorsByField(error, fieldOfArgument));
        // Main may know of production where this window does not.
        if (error.code === 'confirmation_required') setAsksProduction(true);
      },
    },
  };
}
