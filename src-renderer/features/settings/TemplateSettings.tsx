import { Button } from '@mantine/core';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useAbility } from '#renderer/api/session.tsx';
import { announce } from '#renderer/ui/announce.tsx';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { useAskedAct } from '#renderer/ui/use-asked-act.tsx';
import type { NotificationTemplate } from '#shared/ipc/notifications.ts';
import classes from './NotificationSettings.module.css';
import { type NotificationAnswer, useKeepNotifications } from './notification-answer.ts';
import { SettingGroup, SettingRow } from './SettingRow.tsx';
import { TemplateForm } from './TemplateForm.tsx';
import { TemplatePreview } from './TemplatePreview.tsx';
import { KIND_NAMES } from './template-words.ts';

/** The words of the mails, each kind with its own; who may not change them reads them as a preview. */
export function TemplateSettings({ answer: { templates } }: { answer: NotificationAnswer }) {
  const mayAdminister = useAbility('administer');
  const keep = useKeepNotifications();
  const [open, setOpen] = useState<NotificationTemplate | null>(null);
  const save = useCommand('notifications.saveTemplate', {
    onSuccess: (saved, { kind }) => {
      keep(saved);
      announce(`“${KIND_NAMES[kind]}” has the console’s own words again.`);
    },
  });
  const reset = useAskedAct<NotificationTemplate['kind']>({
    asks: () => true,
    questionOf: (kind) => ({
      title: 'Go back to the console’s own words?',
      confirmLabel: 'Discard these words',
      cancelLabel: 'Keep them',
      words: `The words of “${KIND_NAMES[kind]}” that were entered here are lost; mails from now on have the console’s own.`,
    }),
    perform: (kind, confirmedProduction, onError) =>
      save.mutate({ kind, words: null, confirmedProduction }, { onError }),
  });
  return (
    <SettingGroup title="Words of the mails">
      {templates.map((template) => (
        <SettingRow
          key={template.kind}
          label={KIND_NAMES[template.kind]}
          description={
            <>
              “{template.subject}”
              <span className={classes.line}>
                {template.isDefault ? 'The console’s own words.' : 'Words of your own.'}
              </span>
            </>
          }
        >
          {mayAdminister && !template.isDefault && (
            <Button
              variant="default"
              aria-label={`Back to the console’s words: ${KIND_NAMES[template.kind]}`}
              loading={save.isPending && save.variables.kind === template.kind}
              onClick={() => reset.start(template.kind)}
            >
              Back to the console’s words…
            </Button>
          )}
          <Button
            variant="default"
            aria-label={`${mayAdminister ? 'Edit' : 'Preview'} ${KIND_NAMES[template.kind]}`}
            onClick={() => setOpen(template)}
          >
            {mayAdminister ? 'Edit…' : 'Preview…'}
          </Button>
        </SettingRow>
      ))}
      <CommandFailure error={save.error} />
      {open !== null &&
        (mayAdminister ? (
          <TemplateForm template={open} onClose={() => setOpen(null)} />
        ) : (
          <SideDrawer
            opened
            title={`Mail: ${KIND_NAMES[open.kind]}`}
            width={520}
            onClose={() => setOpen(null)}
          >
            <TemplatePreview kind={open.kind} subject={open.subject} body={open.body} />
          </SideDrawer>
        ))}
      {reset.question}
    </SettingGroup>
  );
}
