import { useState } from 'react';
import { useSession } from '#renderer/api/session.tsx';
import { announce } from '#renderer/ui/announce.tsx';
import { errorsByField } from '#renderer/ui/form-problems.ts';
import type { AppError } from '#shared/errors.ts';
import type { MeteringCatalog } from '#shared/ipc/metering.ts';
import { useKeepCatalog } from './use-catalog-acts.tsx';

/** What becomes of a form once main has answered: options of its command, and whether production has to be confirmed. */
export function useSaving({
  setErrors,
  saved,
  onClose,
}: {
  setErrors: (errors: Record<string, string>) => void;
  /** Said when it worked: "API calls made." */
  saved: string;
  onClose: () => void;
}) {
  const { connection } = useSession();
  const keep = useKeepCatalog();
  const [asksProduction, setAsksProduction] = useState(connection.environment === 'production');
  return {
    asksProduction,
    whenAnswered: {
      onSuccess: (catalog: MeteringCatalog) => {
        keep(catalog);
        announce(saved);
        onClose();
      },
      onError: (error: AppError) => {
        setErrors(errorsByField(error, {}));
        // Main may know of production where this window does not.
        if (error.code === 'confirmation_required') setAsksProduction(true);
      },
    },
  };
}
