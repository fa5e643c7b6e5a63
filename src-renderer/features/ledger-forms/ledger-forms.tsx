import { createContext, type ReactNode, useContext, useMemo, useRef, useState } from 'react';
import type { FormEnd } from './ActForm.tsx';
import { type LedgerFormRequest, type LedgerForms, requestName } from './form-requests.ts';
import { OpenForm } from './OpenForm.tsx';
import { hideKeptNotice, showKeptNotice, showPostedNotice } from './posted-notice.tsx';

export type { LedgerForms } from './form-requests.ts';

const LedgerFormsContext = createContext<LedgerForms | null>(null);

/** The forms that write to the ledger; needs a LedgerFormsProvider above. */
export function useLedgerForms(): LedgerForms {
  const forms = useContext(LedgerFormsContext);
  if (forms === null) throw new Error('useLedgerForms() needs a LedgerFormsProvider above it.');
  return forms;
}

/** A form that is open, or closed with its outcome unknown: it keeps its key and its fields until that is settled. */
type LiveForm = { formId: number; request: LedgerFormRequest; opened: boolean };

/** Holds the forms above all pages, so that leaving a page or losing the database loses no entry under way. */
export function LedgerFormsProvider({ children }: { children: ReactNode }) {
  const [forms, setForms] = useState<readonly LiveForm[]>([]);
  const nextId = useRef(1);

  const actions = useMemo<LedgerForms>(() => {
    const open = (request: LedgerFormRequest) => {
      const formId = nextId.current++;
      setForms((live) => {
        const name = requestName(request);
        const kept = live.find((form) => requestName(form.request) === name);
        return kept === undefined
          ? [...live, { formId, request, opened: true }]
          : live.map((form) => (form === kept ? { ...form, opened: true } : form));
      });
    };
    return {
      openGrant: (customerId) => open({ act: 'grant', customerId }),
      openAdjustDown: (customerId) => open({ act: 'adjustDown', customerId }),
      openReverse: (target) => open({ act: 'reverse', ...target }),
      openExtendGrant: (target) => open({ act: 'extendGrant', ...target }),
      openReleaseHold: (target) => open({ act: 'releaseHold', ...target }),
    };
  }, []);

  function setOpened(formId: number, opened: boolean) {
    setForms((live) => live.map((form) => (form.formId === formId ? { ...form, opened } : form)));
  }

  function end(formId: number, how: FormEnd) {
    switch (how.how) {
      case 'kept':
        setOpened(formId, false);
        showKeptNotice(formId, how.attempt, () => setOpened(formId, true));
        return;
      case 'posted':
        showPostedNotice(how.posted, how.attempt, actions);
        break;
      case 'discarded':
        break;
    }
    hideKeptNotice(formId);
    setForms((live) => live.filter((form) => form.formId !== formId));
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
