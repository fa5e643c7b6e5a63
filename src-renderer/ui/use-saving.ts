import { useState } from 'react';
import { useSession } from '#renderer/api/session.tsx';
import type { AppError } from '#shared/errors.ts';
import { announce } from './announce.tsx';
import { errorsByField } from './form-problems.ts';

/** What becomes of a form once main has answered: options of its command, and whether production has to be confirmed. */
export function useSaving<Answer>({
  setErrors,
  fieldOfArgument = {},
  keep,
  saved,
  onClose,
}: {
  setErrors: (errors: Record<string, string>) => void;
  /** The contract's names of values that the form asks for under other names. */
  fieldOfArgument?: Readonly<Record<string, string>>;
  /** Puts the answer where the page reads it from, or has that read again. */
  keep: (answer: Answer) => void;
  /** Said when it worked: "API calls made." */
  saved: (answer: Answer) => string;
  onClose: () => void;
}) {
  const { connection } = useSession();
  const [asksProduction, setAsksProduction] = useState(connection.environment === 'production');
  return {
    asksProduction,
    whenAnswered: {
      onSuccess: (answer: Answer) => {
        keep(answer);
        announce(saved(answer));
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
