import type { NotificationAnswer } from './notification-answer.ts';

/** Where a secret of this computer is, a sentence. */
export const SECRET_PLACE_WORDS: Record<NotificationAnswer['smtpPassword'], string> = {
  key_store: 'Kept by the operating system’s key store of this computer.',
  memory: 'Kept in memory until the console closes: this system offers no key store.',
  missing: 'Not on this computer.',
};
