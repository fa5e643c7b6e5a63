// biome-ignore-all lint/a11y/useSemanticElements: a fieldset is for forms, and this is a row of buttons
import { UnstyledButton } from '@mantine/core';
import { formatCredits } from '#renderer/format/credits.ts';
import { FINDING_BUCKETS, type FindingBucket } from '#shared/ipc/reconciliation.ts';
import classes from './reconciliation.module.css';
import { bucketWords } from './run-words.ts';

/** The kinds of differences with their numbers; pressing one shows only its differences, pressing it again all. */
export function BucketFilter({
  counts,
  chosen,
  onChoose,
}: {
  counts: Readonly<Record<FindingBucket, number>>;
  chosen: FindingBucket | null;
  onChoose: (bucket: FindingBucket | null) => void;
}) {
  return (
    <div className={classes.buckets} role="group" aria-label="Kinds of differences">
      {FINDING_BUCKETS.map((bucket) => {
        const { label, sentence } = bucketWords(bucket);
        const isChosen = chosen === bucket;
        return (
          <UnstyledButton
            key={bucket}
            className={classes.bucket}
            aria-pressed={isChosen}
            disabled={counts[bucket] === 0 && !isChosen}
            onClick={() => onChoose(isChosen ? null : bucket)}
          >
            <span className={classes.bucketHead}>
              <span>{label}</span>{' '}
              <span className={classes.bucketCount}>{formatCredits(counts[bucket])}</span>
            </span>{' '}
            <span className={classes.bucketWords}>{sentence}</span>
          </UnstyledButton>
        );
      })}
    </div>
  );
}
