import { createContext, type ReactNode, useContext, useMemo } from 'react';
import type { LedgerFormEnd } from './ActForm.tsx';
import { type LedgerForms, requestName } from './form-requests.ts';
import { OpenForm } from './OpenForm.tsx';
import { showPostedNotice } from './posted-notice.tsx';
import { useLiveForms } from './use-live-forms.ts';

// What the forms of other features are built from.
export { EntryDrawer } from './EntryDrawer.tsx';
export type { EntryWords } from './entry-words.ts';
export { FormSubject } from './FormSubject.tsx';
export type { LedgerForms } from './form-requests.ts';
export type { ActReason, ActWords, LedgerPreview, PostingAttempt } from './ledger-act.ts';
export { type FormEnd, type FormHost, PostingForm, type Reading } from './PostingForm.tsx';
export { ProductionQuestion } from './ProductionQuestion.tsx';
export { showDoneNotice } from './posted-notice.tsx';
export { ReasonFields } from './ReasonFields.tsx';
export { NO_REASON, type ReasonValues, readReason } from './reason-values.ts';
export { useEntry } from './use-entry.ts';
export { useFirstValue } from './use-first-value.ts';
export { useLatest } from './use-latest.ts';
export { useLiveForms } from './use-live-forms.ts';

const LedgerFormsContext = createContext<LedgerForms | null>(null);

/** The forms that write to the ledger; needs a LedgerFormsProvider above. */
export function useLedgerForms(): LedgerForms {
  const forms = useContext(LedgerFormsContext);
  if (forms === null) throw new Error('useLedgerForms() needs a LedgerFormsProvider above it.');
  return forms;
}

/** Holds the forms above all pages, so that leaving a page or losing the database loses no entry under way. */
export function LedgerFormsProvider({ children }: { children: ReactNode }) {
  const { forms, open, keep, close } = useLiveForms(requestName);

  const actions = useMemo<LedgerForms>(
    () => ({
      openGrant: (customerId) => open({ act: 'grant', customerId }),
      openAdjustDown: (customerId) => open({ act: 'adjustDown', customerId }),
      openReverse: (target) => open({ act: 'reverse', ...target }),
      openExtendGrant: (target) => open({ act: 'extendGrant', ...target }),
      openReleaseHold: (target) => open({ act: 'releaseHold', ...target }),
    }),
    [open],
  );

  function end(formId: string, how: LedgerFormEnd) {
    switch (how.how) {
      case 'kept':
        keep(formId, how.attempt.words);
        return;
      case 'posted':
        showPostedNotice(how.answer, how.attempt, actions);
        break;
      case 'discarded':
        break;
    }
    close(formId);
  }

  return (
    <LedgerFormsContext value={actions}>
      {children}
      {forms.map((form) => (
        <OpenForm
          key={form.formId}
          request={form.request}
          host={{ opened: form.opened, onEnd: (how) => end(form.formId, how) }}
        />
      ))}
    </LedgerFormsContext>
  );
}
