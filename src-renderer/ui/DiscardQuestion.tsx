import { type ReactNode, useState } from 'react';
import { ConfirmDialog } from './ConfirmDialog.tsx';

/** Asked when a form is left with something entered that is nowhere else. */
export function DiscardQuestion(props: {
  opened: boolean;
  /** What is lost, in a sentence or two. */
  children: ReactNode;
  onStay: () => void;
  onDiscard: () => void;
}) {
  return (
    <ConfirmDialog
      opened={props.opened}
      title="Discard this draft?"
      confirmLabel="Discard draft"
      cancelLabel="Keep editing"
      isDangerous
      onCancel={props.onStay}
      onConfirm={props.onDiscard}
    >
      {props.children}
    </ConfirmDialog>
  );
}

/** The way out of a drawer with a form: `leave` asks first where there is a draft. Render `question` beside the drawer. */
export function useDiscardQuestion(options: {
  hasDraft: boolean;
  /** Something is under way, or another question is open: the drawer stays. */
  isHeld: boolean;
  /** What is lost, in a sentence or two. */
  words: string;
  onLeave: () => void;
}): { leave: () => void; question: ReactNode } {
  const [isAsking, setAsking] = useState(false);
  return {
    leave() {
      // Esc reaches the question that lies over the drawer and the drawer alike.
      if (isAsking || options.isHeld) return;
      if (options.hasDraft) setAsking(true);
      else options.onLeave();
    },
    question: (
      <DiscardQuestion
        opened={isAsking}
        onStay={() => setAsking(false)}
        onDiscard={() => {
          setAsking(false);
          options.onLeave();
        }}
      >
        {options.words}
      </DiscardQuestion>
    ),
  };
}
