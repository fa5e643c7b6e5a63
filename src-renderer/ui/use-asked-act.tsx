import { type ReactNode, useState } from 'react';
import { useSession } from '#renderer/api/session.tsx';
import type { AppError } from '#shared/errors.ts';
import { ConfirmDialog } from './ConfirmDialog.tsx';

/** What is asked before an act. */
export type ActQuestion = {
  title: ReactNode;
  /** The button that does it; on production the connection's name follows. */
  confirmLabel: string;
  cancelLabel?: string;
  /** False for acts that take nothing away, where nothing but production is the reason to ask. */
  isDangerous?: boolean;
  /** What happens then, in sentences. */
  words: ReactNode;
};

/**
 * Acts that a single press starts, and the question before them: always on production, of which main may know where this window
 * does not, and elsewhere where `asks` says so. Render `question` once, whatever the number of acts.
 */
export function useAskedAct<Act>({
  perform,
  questionOf,
  asks = () => false,
}: {
  /** Sends the command; `onError` goes with it. A question that did not name production confirms nothing about it. */
  perform: (act: Act, confirmedProduction: boolean, onError: (error: AppError) => void) => void;
  questionOf: (act: Act) => ActQuestion;
  asks?: (act: Act) => boolean;
}) {
  const { connection } = useSession();
  const [asked, setAsked] = useState<{ act: Act; isProduction: boolean } | null>(null);
  const isProduction = connection.environment === 'production';
  function run(act: Act, confirmedProduction: boolean) {
    perform(act, confirmedProduction, (error) => {
      if (error.code === 'confirmation_required') setAsked({ act, isProduction: true });
    });
  }
  const question = asked === null ? null : questionOf(asked.act);
  const onProduction = asked?.isProduction === true;
  return {
    start(act: Act) {
      if (isProduction || asks(act)) setAsked({ act, isProduction });
      else run(act, false);
    },
    isAsking: asked !== null,
    question: (
      <ConfirmDialog
        opened={asked !== null}
        title={question?.title}
        confirmLabel={`${question?.confirmLabel ?? ''}${onProduction ? ` on ${connection.name}` : ''}`}
        {...(question?.cancelLabel !== undefined && { cancelLabel: question.cancelLabel })}
        isDangerous={onProduction || question?.isDangerous !== false}
        onCancel={() => setAsked(null)}
        onConfirm={() => {
          setAsked(null);
          if (asked !== null) run(asked.act, asked.isProduction);
        }}
      >
        {onProduction && (
          <>
            <strong>PRODUCTION</strong>, {connection.name}.{' '}
          </>
        )}
        {question?.words}
      </ConfirmDialog>
    ),
  };
}
