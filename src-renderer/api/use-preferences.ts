import { useQueryClient } from '@tanstack/react-query';
import type { Preferences } from '#shared/ipc/settings.ts';
import { useCommand } from './queries.ts';
import { SESSION_KEY, type Session } from './query-client.ts';
import { useSession } from './session.tsx';

/** The preferences, and a way to change some of them: shown at once, taken back if main refuses. */
export function usePreferences() {
  const { preferences } = useSession();
  const queryClient = useQueryClient();
  const show = (changed: Partial<Preferences>) =>
    queryClient.setQueryData<Session>(SESSION_KEY, (session) =>
      session === undefined
        ? session
        : { ...session, preferences: { ...session.preferences, ...changed } },
    );
  const command = useCommand('settings.updatePreferences', {
    onMutate: (input) => void show(input as Partial<Preferences>),
    onSuccess: (saved) => {
      show(saved);
      // The time zone in force and the shown name follow from what was saved.
      void queryClient.invalidateQueries({ queryKey: SESSION_KEY });
    },
    onError: () => void queryClient.invalidateQueries({ queryKey: SESSION_KEY }),
  });
  return {
    preferences,
    update: command.mutate,
    error: command.error,
    isSaving: command.isPending,
  };
}
