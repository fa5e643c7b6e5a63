import { Button, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useRef } from 'react';
import { flushSync } from 'react-dom';
import { useCommand } from '#renderer/api/queries.ts';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { useSaving } from '#renderer/ui/use-saving.ts';
import { type NotificationTemplate, TEMPLATE_PLACEHOLDERS } from '#shared/ipc/notifications.ts';
import classes from './NotificationSettings.module.css';
import { type NotificationAnswer, useKeepNotifications } from './notification-answer.ts';
import { TemplatePreview } from './TemplatePreview.tsx';
import { KIND_NAMES, PLACEHOLDER_MEANINGS } from './template-words.ts';

const FIELD_OF_ARGUMENT = { 'words.subject': 'subject', 'words.body': 'body' };
const DRAWER_WIDTH = 900;

/** The words of one kind of mail, with the mail they make beside them. */
export function TemplateForm({
  template,
  onClose,
}: {
  template: NotificationTemplate;
  onClose: () => void;
}) {
  const { kind } = template;
  const form = useForm({
    initialValues: { subject: template.subject, body: template.body, confirmed: false },
    validate: {
      subject: (text) => (text.trim() === '' ? 'Enter a subject.' : null),
      body: (text) => (text.trim() === '' ? 'Enter the words of the mail.' : null),
    },
  });
  const { asksProduction, whenAnswered } = useSaving<NotificationAnswer>({
    setErrors: form.setErrors,
    fieldOfArgument: FIELD_OF_ARGUMENT,
    keep: useKeepNotifications(),
    saved: () => `The words of “${KIND_NAMES[kind]}” were saved.`,
    onClose,
  });
  const save = useCommand('notifications.saveTemplate', whenAnswered);

  const subject = useRef<HTMLInputElement>(null);
  const body = useRef<HTMLTextAreaElement>(null);
  // Where a placeholder goes: the field that was written in last.
  const target = useRef<'subject' | 'body'>('body');
  function insert(placeholder: string) {
    const name = target.current;
    const field = name === 'subject' ? subject.current : body.current;
    if (field === null) return;
    const words = `{{${placeholder}}}`;
    const text = form.values[name];
    const start = field.selectionStart ?? text.length;
    const end = field.selectionEnd ?? start;
    flushSync(() => form.setFieldValue(name, text.slice(0, start) + words + text.slice(end)));
    field.focus();
    field.setSelectionRange(start + words.length, start + words.length);
  }

  return (
    <FormDrawer
      title={`Mail: ${KIND_NAMES[kind]}`}
      saveLabel="Save words"
      width={DRAWER_WIDTH}
      form={form}
      asksProduction={asksProduction}
      save={save}
      onSubmit={(values) =>
        save.mutate({
          kind,
          words: { subject: values.subject, body: values.body },
          confirmedProduction: asksProduction && values.confirmed,
        })
      }
      onClose={onClose}
    >
      <div className={classes.template}>
        <div className={classes.templateFields}>
          <TextInput
            ref={subject}
            label="Subject"
            data-autofocus
            maxLength={200}
            {...form.getInputProps('subject')}
            onFocus={() => {
              target.current = 'subject';
            }}
          />
          <Textarea
            ref={body}
            label="Body"
            description="An empty line begins a paragraph. A line whose placeholder has no value, such as a company that is not entered, is left out."
            rows={14}
            resize="vertical"
            maxLength={5000}
            {...form.getInputProps('body')}
            onFocus={() => {
              target.current = 'body';
            }}
          />
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields, and these are buttons */}
          <div className={classes.chips} role="group" aria-label="Insert a placeholder">
            {TEMPLATE_PLACEHOLDERS.map((placeholder) => (
              <Button
                key={placeholder}
                size="compact-xs"
                variant="default"
                className={classes.chip ?? ''}
                title={PLACEHOLDER_MEANINGS[placeholder]}
                onClick={() => insert(placeholder)}
              >
                {`{{${placeholder}}}`}
              </Button>
            ))}
          </div>
        </div>
        <TemplatePreview kind={kind} subject={form.values.subject} body={form.values.body} />
      </div>
    </FormDrawer>
  );
}
