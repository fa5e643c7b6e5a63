import { CreditsError } from './credits-error.ts';

/** A number of the service's answer. CreditsError unexpected_answer where it is none. */
export function numberIn(answer: Record<string, unknown>, name: string): number {
  const value = answer[name];
  if (typeof value !== 'number') throw unexpected(name);
  return value;
}

/** A text of the service's answer; ids are texts. CreditsError unexpected_answer where it is none. */
export function textIn(answer: Record<string, unknown>, name: string): string {
  const value = answer[name];
  if (typeof value !== 'string') throw unexpected(name);
  return value;
}

function unexpected(name: string): CreditsError {
  return new CreditsError({
    status: 200,
    code: 'unexpected_answer',
    message: `The credits service answered without “${name}”: it and this client are of different versions.`,
  });
}
