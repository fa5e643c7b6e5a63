/**
 * Credits for Node back ends: a client of the credits service, `requireCredits` for Express and Fastify, and `useFeature`
 * around a function. Published as a package of its own; needs Node 20 and nothing else.
 */
export {
  type Capture,
  type CreditsBalance,
  type CreditsClient,
  createCreditsClient,
  type Hold,
  type HoldRequest,
  isRefusal,
  type Sufficiency,
  type Usage,
  type Use,
} from './credits-client.ts';
export { CreditsError } from './credits-error.ts';
export { expressRequireCredits } from './express-require-credits.ts';
export { type FastifyCreditsHooks, fastifyRequireCredits } from './fastify-require-credits.ts';
export type { HeldCredits, OnError } from './held-work.ts';
export { creditsOf, type RequestCredits } from './request-credits.ts';
export type { RequireCreditsOptions } from './require-credits.ts';
export { useFeature } from './use-feature.ts';
