import type { CreditsClient, HoldRequest } from './credits-client.ts';
import { type HeldCredits, holdForWork, type OnError } from './held-work.ts';

/**
 * Runs `work` on held credits: holds, works, captures, and returns what the work returned. Throws what the work throws, after
 * the hold was released; CreditsError where the credits do not suffice (status 402: the work did not begin), where
 * the same key was paid before (409 already_processed), and where the work could not be paid for when it was done: its result is
 * then withheld, as an answer is. `onError` hears of a hold that could not be released; it expires.
 */
export async function useFeature<Result>(
  client: CreditsClient,
  use: HoldRequest & { onError?: OnError },
  work: (credits: HeldCredits) => Promise<Result> | Result,
): Promise<Result> {
  const { onError, ...request } = use;
  const held = await holdForWork(client, request, onError);
  let result: Result;
  try {
    result = await work(held);
  } catch (error) {
    await held.fail();
    throw error;
  }
  await held.succeed();
  return result;
}
