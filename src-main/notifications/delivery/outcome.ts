import type { AppError } from '#shared/errors.ts';

/** What came of one attempt. */
export type DeliveryOutcome =
  | { readonly kind: 'sent'; readonly answer: string }
  /** Refused for good. `suppresses`: the mail server knows no such address, so no further mail is sent to it. */
  | { readonly kind: 'failed'; readonly reason: string; readonly suppresses?: boolean }
  /**
   * To be tried again. `problem`: it is not about this message (nobody answers, the login is refused), so that no other is tried
   * in this round. `isUntouched`: nothing of it left this process, so that another one, which may do better, can try at once.
   * `isUnasked`: the other side was not asked, so that this says nothing of how it does.
   */
  | {
      readonly kind: 'later';
      readonly reason: string;
      readonly problem?: AppError;
      readonly isUntouched?: boolean;
      readonly isUnasked?: boolean;
    };
