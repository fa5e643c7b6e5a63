/** How a form speaks of its entry where the outcome is told: "may or may not have been posted", "nothing was posted". */
export type EntryWords = {
  /** A participle. */
  done: string;
  /** Where a person sees what an earlier try did, after "look at". */
  where: string;
};

/** Of the forms that write to the ledger. */
export const LEDGER_ENTRY: EntryWords = {
  done: 'posted',
  where: 'the customer’s transactions',
};
