import type { HeldCredits } from './held-work.ts';

/** What a handler behind `requireCredits` finds as `request.credits`, and by `creditsOf(request)` with its type. */
export type RequestCredits = HeldCredits & {
  /** Aborts when the caller is gone before the answer, so that work can stop. What was not captured by then is given back. */
  readonly signal: AbortSignal;
};

const creditsByRequest = new WeakMap<object, RequestCredits>();

/** Puts the credits beside the request, for `creditsOf` and as `request.credits`. */
export function attachCredits(request: object, credits: RequestCredits): void {
  creditsByRequest.set(request, credits);
  Object.defineProperty(request, 'credits', { value: credits, configurable: true });
}

/** The credits held for this request. Throws where its route does not require any. */
export function creditsOf(request: object): RequestCredits {
  const credits = creditsByRequest.get(request);
  if (!credits) throw new Error('This route holds no credits: requireCredits is not before it.');
  return credits;
}
