import { createHash, randomBytes } from 'node:crypto';

const BEGINNING = 'cck_';
const RANDOM_BYTES = 32;
const PREFIX_LENGTH = 12;
const FORM = /^cck_[A-Za-z0-9_-]{43}$/;

/** A new key of the service: 256 random bits, so that nobody guesses one and a fast hash suffices to keep it. */
export function newKeyText(): string {
  return `${BEGINNING}${randomBytes(RANDOM_BYTES).toString('base64url')}`;
}

/** Whether a text has the form of a key; it says nothing about whether there is such a key. */
export function isKeyText(text: string): boolean {
  return FORM.test(text);
}

/** SHA-256 of a key: what is stored, and looked up, in its place. */
export function hashOfKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** A key's first letters: enough for a person to tell keys apart, and no help in guessing the other 210 bits. */
export function prefixOfKey(key: string): string {
  return key.slice(0, PREFIX_LENGTH);
}
