import { useQuery, useQueryClient } from '@tanstack/react-query';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { announce } from '#renderer/ui/announce.tsx';
import type { Output } from '#shared/ipc/procedure.ts';
import type { ReconciliationRun, reconciliationProcedures } from '#shared/ipc/reconciliation.ts';

type Runs = Output<(typeof reconciliationProcedures)['reconciliation.runs']>;

/** Progress is told by events too; this is for those that get lost. */
export const REFRESH_MS = 2_000;
const RUNS = consoleQuery('reconciliation.runs', {});

/** The latest runs, newest first; asked again every two seconds while one of them runs. */
export function useRuns() {
  return useQuery({
    ...RUNS,
    refetchInterval: ({ state }) =>
      state.data?.runs.some((run) => run.state === 'running') ? REFRESH_MS : false,
  });
}

/** Starting, pausing and going on with runs; each answer is in the list at once. */
export function useRunCommands(options: { onStarted: (run: ReconciliationRun) => void }) {
  const queryClient = useQueryClient();
  function keep(run: ReconciliationRun) {
    queryClient.setQueryData<Runs>(RUNS.queryKey, (known) => {
      const runs = known?.runs ?? [];
      return {
        runs: runs.some(({ id }) => id === run.id)
          ? runs.map((each) => (each.id === run.id ? run : each))
          : [run, ...runs],
      };
    });
    void queryClient.invalidateQueries({ queryKey: RUNS.queryKey });
  }
  const start = useCommand('reconciliation.start', {
    onSuccess: (run) => {
      keep(run);
      announce('The reconciliation has begun.');
      options.onStarted(run);
    },
  });
  const pause = useCommand('reconciliation.pause', { onSuccess: keep });
  const resume = useCommand('reconciliation.resume', { onSuccess: keep });
  return { start, pause, resume };
}
