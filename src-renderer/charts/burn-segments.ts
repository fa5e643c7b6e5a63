import type { Grant } from '#shared/ipc/vocabulary.ts';

/** What the bar needs to know of a grant. */
export type BurnBarGrant = Pick<
  Grant,
  'id' | 'source' | 'description' | 'remaining' | 'isPaid' | 'expiresAt'
>;

export type BurnSegment =
  | { kind: 'grant'; grant: BurnBarGrant; remaining: number }
  | { kind: 'group'; grants: readonly BurnBarGrant[]; remaining: number };

/** A grant below this share of all that is left is drawn together with its small neighbours. */
const SMALL_SHARE = 0.015;
/** More segments than this cannot be told apart or pointed at. */
const SEGMENTS_MAX = 24;

/**
 * Cuts open grants, given in burn order, into the segments of a bar. The order is kept: runs of small neighbours
 * become one group, and where there are still too many segments, the end of the burn order becomes one.
 */
export function burnSegments(grants: readonly BurnBarGrant[]): BurnSegment[] {
  const open = grants.filter((grant) => grant.remaining > 0);
  const all = sumRemaining(open);
  const fewEnough = open.length <= SEGMENTS_MAX / 2;
  const runs: BurnBarGrant[][] = [];
  let runIsSmall = false;
  for (const grant of open) {
    const small = !fewEnough && grant.remaining < all * SMALL_SHARE;
    const last = runs.at(-1);
    if (small && runIsSmall && last) last.push(grant);
    else runs.push([grant]);
    runIsSmall = small;
  }
  if (runs.length > SEGMENTS_MAX) runs.push(runs.splice(SEGMENTS_MAX - 1).flat());
  return runs.map((run) => {
    const [only] = run;
    return run.length === 1 && only
      ? { kind: 'grant', grant: only, remaining: only.remaining }
      : { kind: 'group', grants: run, remaining: sumRemaining(run) };
  });
}

function sumRemaining(grants: readonly BurnBarGrant[]): number {
  return grants.reduce((total, grant) => total + grant.remaining, 0);
}
