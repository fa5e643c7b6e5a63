import { Button, Checkbox, Stack } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { type ReactNode, useId } from 'react';
import { useSession } from '#renderer/api/session.tsx';
import type { AppError } from '#shared/errors.ts';
import { CommandFailure } from './CommandFailure.tsx';
import { useDiscardQuestion } from './DiscardQuestion.tsx';
import classes from './FormDrawer.module.css';
import { SideDrawer } from './SideDrawer.tsx';

/**
 * The frame of a form that makes or changes one thing, such as what is sold: its fields, production's question, and what
 * came of saving.
 */
export function FormDrawer<Values extends { confirmed: boolean }>({
  title,
  saveLabel,
  form,
  asksProduction,
  save,
  onSubmit,
  onClose,
  children,
  hint,
  width,
}: {
  title: string;
  saveLabel: string;
  form: UseFormReturnType<Values>;
  /** Production is confirmed with the field `confirmed`. */
  asksProduction: boolean;
  save: { isPending: boolean; error: AppError | null };
  onSubmit: (values: Values) => void;
  onClose: () => void;
  children: ReactNode;
  /** What is to be known last, under all fields. */
  hint?: string | undefined;
  /** CSS pixels. */
  width?: number;
}) {
  const { connection } = useSession();
  const formId = useId();
  const { leave, question } = useDiscardQuestion({
    hasDraft: form.isDirty(),
    isHeld: save.isPending,
    words:
      save.error?.code === 'outcome_unknown'
        ? 'It may or may not have been saved; the page shows which. If you close the form now, what you entered here is lost.'
        : 'What you entered has not been saved. If you close the form now, it is lost.',
    onLeave: onClose,
  });
  function focusFirstError(errors: typeof form.errors) {
    const [first] = Object.keys(errors);
    if (first !== undefined) form.getInputNode(first)?.focus();
  }
  return (
    <>
      <SideDrawer
        opened
        onClose={leave}
        title={title}
        {...(width !== undefined && { width })}
        foot={
          <div className={classes.foot}>
            <Button variant="subtle" color="gray" disabled={save.isPending} onClick={leave}>
              Cancel
            </Button>
            <Button
              type="submit"
              form={formId}
              loading={save.isPending}
              disabled={asksProduction && !form.values.confirmed}
            >
              {saveLabel}
            </Button>
          </div>
        }
      >
        <form id={formId} noValidate onSubmit={form.onSubmit(onSubmit, focusFirstError)}>
          <Stack gap="lg">
            {children}
            {asksProduction && (
              <Checkbox
                label={`Yes, for ${connection.name}, which is production`}
                {...form.getInputProps('confirmed', { type: 'checkbox' })}
              />
            )}
            {hint !== undefined && <p className={classes.hint}>{hint}</p>}
          </Stack>
        </form>
        <CommandFailure error={save.error} />
      </SideDrawer>
      {question}
    </>
  );
}
