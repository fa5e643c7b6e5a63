import type { UseFormReturnType } from '@mantine/form';
import type { ReactNode } from 'react';
import { consoleQuery } from '#renderer/api/queries.ts';
import { ACT_TITLES, actWords } from './act-words.ts';
import { type LedgerAct, type LedgerActName, type Posted, postAct } from './ledger-act.ts';
import { type FormEnd, type FormHost, PostingForm } from './PostingForm.tsx';
import type { ReasonValues } from './reason-values.ts';

/** The fields read as an act, or what is wrong with each of them. */
export type ActReading<Values> =
  | { ok: true; act: LedgerAct; credits: number }
  | { ok: false; fields: Partial<Record<keyof Values & string, string>> };

export type LedgerFormEnd = FormEnd<LedgerAct, Posted>;
export type ActFormHost = FormHost<LedgerAct, Posted>;

// The ledger's and the contract's names of a value, where the form asks for it under another name.
const FIELD_OF_ARGUMENT = {
  expiresAt: 'expiryDay',
  expires_at: 'expiryDay',
  description: 'note',
  reason: 'note',
};

/** A form of the ledger's own acts: grants, adjustments, reversals, expiries and holds. */
export function ActForm<Values extends ReasonValues>({
  name,
  customerId,
  initialValues,
  read,
  idleText,
  host,
  children,
}: {
  name: LedgerActName;
  customerId: string;
  initialValues: Values;
  read: (values: Values) => ActReading<Values>;
  idleText: string;
  host: ActFormHost;
  children: (form: UseFormReturnType<Values>, options: { disabled: boolean }) => ReactNode;
}) {
  return (
    <PostingForm
      title={ACT_TITLES[name].title}
      idleButton={ACT_TITLES[name].button}
      idleText={idleText}
      customerId={customerId}
      initialValues={initialValues}
      read={(values) => {
        const reading = read(values);
        if (!reading.ok) return reading;
        const { act, credits } = reading;
        return { ok: true, act, words: (options) => actWords(act, { credits, ...options }) };
      }}
      preview={(act) => consoleQuery('ledger.preview', act)}
      post={postAct}
      fieldOfArgument={FIELD_OF_ARGUMENT}
      focusReason={name === 'releaseHold'}
      host={host}
    >
      {children}
    </PostingForm>
  );
}
