import { Button } from '@mantine/core';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { announce } from '#renderer/ui/announce.tsx';
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import type { NotificationTemplate } from '#shared/ipc/notifications.ts';
import classes from './NotificationSettings.module.css';
import { type NotificationAnswer, useKeepNotifications } from './notification-answer.ts';
import { SettingGroup, SettingRow } from './SettingRow.tsx';
import { TemplateForm } from './TemplateForm.tsx';
import { TemplatePreview } from './TemplatePreview.tsx';
import { KIND_NAMES } from './template-words.ts';

/** The words of the mails, each kind with its own; who may not change them reads them as a preview. */
export function TemplateSettings({ answer: { templates } }: { answer: NotificationAnswer }) {
  const { connection } = useSession();
  const mayAdminister = useAbility('administer');
  const keep = useKeepNotifications();
  const [open, setOpen] = useState<NotificationTemplate | null>(null);
  const [reset, setReset] = useState<NotificationTemplate['kind'] | null>(null);
  const save = useCommand('notifications.saveTemplate', {
    onSuccess: (saved, { kind }) => {
      keep(saved);
      announce(`“${KIND_NAMES[kind]}” has the console’s own words again.`);
    },
    onError: (error, { kind }) => {
      // Main may know of production where this window does not.
      if (error.code === 'confirmation_required') setReset(kind);
    },
  });
  // Asked about in either case; on production the answer counts for it too.
  const isProduction =
    connection.environment === 'production' || save.error?.code === 'confirmation_required';
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
              onClick={() => setReset(template.kind)}
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
      {save.error !== null && save.error.code !== 'confirmation_required' && (
        <ErrorState error={save.error} />
      )}
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
      <ConfirmDialog
        opened={reset !== null}
        title="Go back to the console’s own words?"
        confirmLabel={`Discard these words${isProduction ? ` on ${connection.name}` : ''}`}
        cancelLabel="Keep them"
        isDangerous
        onCancel={() => setReset(null)}
        onConfirm={() => {
          setReset(null);
          if (reset !== null) {
            save.mutate({ kind: reset, words: null, confirmedProduction: isProduction });
          }
        }}
      >
        {isProduction && `${connection.name} is production. `}
        The words of “{reset !== null && KIND_NAMES[reset]}” that were entered here are lost; mails
        from now on have the console’s own.
      </ConfirmDialog>
    </SettingGroup>
  );
}
