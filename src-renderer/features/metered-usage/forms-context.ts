import { createContext, useContext } from 'react';
import type { ActWords } from '#renderer/features/ledger-forms/ledger-forms.tsx';

/** What a form is opened for. */
export type MeteredFormRequest =
  | { form: 'subscribe'; customerId: string }
  | { form: 'addUsage'; customerId: string; eventName: string | null };

/** Whether a form is in sight, and how it is left. */
export type FormEnds = {
  opened: boolean;
  onClose: () => void;
  /** The outcome is not known: the form is kept with its key. */
  onKeep: (words: ActWords) => void;
};

/** Two requests with the same name are about the same entry. */
export function requestName({ form, customerId }: MeteredFormRequest): string {
  return JSON.stringify([form, customerId]);
}

/** Opens the forms that put a customer on a metered price and add usage, in a drawer over the page. */
export type MeteredUsageForms = {
  openSubscribe: (customerId: string) => void;
  /** `eventName` is the meter that the form begins with, where there is one. */
  openAddUsage: (customerId: string, eventName?: string) => void;
};

export const MeteredUsageFormsContext = createContext<MeteredUsageForms | null>(null);

/** The forms of metered usage; needs a MeteredUsageFormsProvider above. */
export function useMeteredUsageForms(): MeteredUsageForms {
  const forms = useContext(MeteredUsageFormsContext);
  if (forms === null) {
    throw new Error('useMeteredUsageForms() needs a MeteredUsageFormsProvider above it.');
  }
  return forms;
}
