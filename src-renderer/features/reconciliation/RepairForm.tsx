import { Button, Textarea } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import {
  ProductionQuestion,
  showDoneNotice,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import type { Finding } from '#shared/ipc/reconciliation.ts';
import { RepairPreview } from './RepairPreview.tsx';
import classes from './reconciliation.module.css';
import { customerOf } from './run-words.ts';

const NOTE_MAX = 1_000;

/**
 * What stands in the way of leaving: a question or a repair under way (`held`), a note that is nowhere else (`draft`),
 * or one whose repair has an outcome that is not known (`unknown`).
 */
export type RepairStand = 'free' | 'held' | 'draft' | 'unknown';

/**
 * The reviewed repair of one difference: what it is, what it would post, a note, and the button that names it. It is
 * posted under the difference's own key, so that trying again after a lost answer posts nothing twice.
 */
export function RepairForm({
  finding,
  onStand,
  onRepaired,
}: {
  finding: Finding;
  onStand: (stand: RepairStand) => void;
  onRepaired: () => void;
}) {
  const place = { runId: finding.runId, findingId: finding.id };
  const preview = useQuery({
    ...consoleQuery('reconciliation.previewRepair', place),
    // Stripe and the balance can change at any time: an answer is never taken from the cache.
    staleTime: 0,
    gcTime: 0,
  });
  return (
    <section className={classes.repair} aria-label="Repair">
      <h3 className={classes.heading}>Repair</h3>
      {preview.isPending && <LoadingRows count={4} label="Asking Stripe and the ledger" />}
      {preview.isError && (
        <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />
      )}
      {preview.data !== undefined && preview.data.act === null && (
        <p className={classes.words}>
          It cannot be repaired by itself. {preview.data.why ?? 'Look at both sides.'}
        </p>
      )}
      {preview.data !== undefined && preview.data.act !== null && (
        <>
          <p className={classes.words}>{preview.data.act}.</p>
          <div aria-busy={preview.isFetching}>
            <RepairPreview preview={preview.data.preview} />
          </div>
          <Repairing
            finding={finding}
            act={preview.data.act}
            onStand={onStand}
            onRepaired={onRepaired}
          />
        </>
      )}
    </section>
  );
}

function Repairing({
  finding,
  act,
  onStand,
  onRepaired,
}: {
  finding: Finding;
  act: string;
  onStand: (stand: RepairStand) => void;
  onRepaired: () => void;
}) {
  const { connection } = useSession();
  const queryClient = useQueryClient();
  const [note, setNote] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);
  const repair = useCommand('reconciliation.repair', {
    onSuccess: () => {
      showDoneNotice({ title: 'Repaired', message: `${act}, for ${customerOf(finding)}.` });
      onRepaired();
    },
    onError: (error) => {
      // Main may know of production where this window does not.
      if (error.code === 'confirmation_required') setAsking(true);
    },
    onSettled: () => {
      void queryClient.invalidateQueries({
        predicate: ({ queryKey }) => /^reconciliation\.(runs|findings)$/.test(String(queryKey[0])),
      });
    },
  });
  const isProduction = connection.environment === 'production';
  const error = repair.error?.code === 'confirmation_required' ? null : repair.error;
  const stand = standOf({
    isHeld: isAsking || repair.isPending,
    note,
    isUnknown: repair.error?.code === 'outcome_unknown',
  });
  useEffect(() => {
    onStand(stand);
    // With the form its question goes too, such as when somebody else has repaired it meanwhile.
    return () => onStand('free');
  }, [stand, onStand]);
  const post = (confirmedProduction: boolean) =>
    repair.mutate({
      runId: finding.runId,
      findingId: finding.id,
      note: note.trim(),
      confirmedProduction,
    });
  function submit(event: FormEvent) {
    event.preventDefault();
    if (repair.isPending) return;
    if (note.trim() === '') {
      setProblem('Say why it is repaired.');
      return;
    }
    if (isProduction) setAsking(true);
    else post(false);
  }
  return (
    <form className={classes.repairForm} onSubmit={submit} noValidate>
      <Textarea
        label="Note"
        description="Why it is repaired, for whoever reads the entry later."
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        rows={2}
        resize="vertical"
        required
        withAsterisk={false}
        maxLength={NOTE_MAX}
        value={note}
        disabled={repair.isPending}
        error={problem ?? error?.fields?.note}
        onChange={(event) => {
          setNote(event.currentTarget.value);
          setProblem(null);
        }}
      />
      {error !== null && error.fields?.note === undefined && <ErrorState error={error} />}
      <Button
        type="submit"
        loading={repair.isPending}
        classNames={{ root: classes.repairButton ?? '', label: classes.act ?? '' }}
      >
        {act}
      </Button>
      <ProductionQuestion
        opened={isAsking}
        connectionName={connection.name}
        action={act}
        customer={customerOf(finding)}
        onCancel={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          post(true);
        }}
      />
    </form>
  );
}

function standOf(form: { isHeld: boolean; note: string; isUnknown: boolean }): RepairStand {
  if (form.isHeld) return 'held';
  if (form.note.trim() === '') return 'free';
  return form.isUnknown ? 'unknown' : 'draft';
}
