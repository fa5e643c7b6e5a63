import { useState } from 'react';
import type { ActWords } from './ledger-act.ts';
import { hideKeptNotice, showKeptNotice } from './posted-notice.tsx';

/** A form that is open, or closed with its outcome unknown: it keeps its key and its fields until that is settled. */
export type LiveForm<Request> = { formId: string; request: Request; opened: boolean };

/**
 * The forms under way. Two requests with the same name are about the same entry: opening the second returns to the
 * first. What is returned beside `forms` stays the same from render to render.
 */
export function useLiveForms<Request>(nameOf: (request: Request) => string) {
  const [forms, setForms] = useState<readonly LiveForm<Request>[]>([]);
  const [actions] = useState(() => {
    const setOpened = (formId: string, opened: boolean) =>
      setForms((live) => live.map((form) => (form.formId === formId ? { ...form, opened } : form)));
    return {
      open: (request: Request) => {
        const formId = crypto.randomUUID();
        setForms((live) => {
          const name = nameOf(request);
          const kept = live.find((form) => nameOf(form.request) === name);
          return kept === undefined
            ? [...live, { formId, request, opened: true }]
            : live.map((form) => (form === kept ? { ...form, opened: true } : form));
        });
      },
      /** Closes the drawer and keeps the form, until somebody returns to it to learn its outcome. */
      keep: (formId: string, words: ActWords) => {
        setOpened(formId, false);
        showKeptNotice(formId, words, () => setOpened(formId, true));
      },
      /** The form is over. */
      close: (formId: string) => {
        hideKeptNotice(formId);
        setForms((live) => live.filter((form) => form.formId !== formId));
      },
    };
  });
  return { forms, ...actions };
}
