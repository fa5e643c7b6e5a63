import { z } from 'zod';
import { type ReasonCode, reasonFields } from '#shared/ipc/vocabulary.ts';
import type { ActReason } from './ledger-act.ts';

/** The fields that every form ends with, as they stand in the inputs. */
export type ReasonValues = { reasonCode: ReasonCode | ''; note: string; caseLink: string };

export const NO_REASON: ReasonValues = { reasonCode: '', note: '', caseLink: '' };

const reasonSchema = z.object(reasonFields);
const FIELD_NAMES = { reasonCode: 'Reason', note: 'Note', caseLink: 'Case link' } as const;

type ReasonReading =
  | { ok: true; reason: ActReason }
  | { ok: false; fields: Partial<Record<keyof ReasonValues, string>> };

/** Reads the reason by the contract's own limits; the messages are for the fields. */
export function readReason(values: ReasonValues): ReasonReading {
  const result = reasonSchema.safeParse({
    reasonCode: values.reasonCode,
    note: values.note,
    caseLink: values.caseLink.trim(),
  });
  if (result.success) {
    const { reasonCode, note, caseLink } = result.data;
    return { ok: true, reason: { reasonCode, note, ...(caseLink !== undefined && { caseLink }) } };
  }
  const fields: Partial<Record<keyof ReasonValues, string>> = {};
  for (const issue of result.error.issues) {
    const field = issue.path[0];
    if (field !== 'reasonCode' && field !== 'note' && field !== 'caseLink') continue;
    fields[field] ??=
      field === 'reasonCode' ? 'Choose a reason.' : sentence(FIELD_NAMES[field], issue.message);
  }
  return { ok: false, fields };
}

/** "is required" becomes "Note is required."; the contract's messages are fragments. */
function sentence(fieldName: string, fragment: string): string {
  const text = fragment.startsWith('at most') ? `can have ${fragment}` : fragment;
  return `${fieldName} ${text}.`;
}
