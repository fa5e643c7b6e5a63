import { SegmentedControl } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { consoleQuery } from '#renderer/api/queries.ts';
import { errorWords } from '#renderer/ui/error-advice.ts';
import type { AppError } from '#shared/errors.ts';
import type { AlertKind } from '#shared/ipc/alerts.ts';
import { notificationsProcedures } from '#shared/ipc/notifications.ts';
import { MailFrame } from './MailFrame.tsx';
import classes from './NotificationSettings.module.css';

const TYPING_PAUSE_MS = 250;
const inputSchema = notificationsProcedures['notifications.preview'].input;

/** Which of the words stands in the way, where main names it. */
function problemOf(error: AppError): string {
  const named = Object.entries(error.fields ?? {}).map(([field, why]) => `The ${field} ${why}.`);
  return named.length > 0 ? named.join(' ') : errorWords(error).what;
}

/** The mail as a made-up customer would get it, a moment after the words were typed; as text and as HTML. */
export function TemplatePreview(words: { kind: AlertKind; subject: string; body: string }) {
  const [format, setFormat] = useState<'html' | 'text'>('html');
  const { kind, subject, body } = words;
  const [typed] = useDebouncedValue({ kind, subject, body }, TYPING_PAUSE_MS);
  const isComplete = inputSchema.safeParse(typed).success;
  const preview = useQuery({
    ...consoleQuery('notifications.preview', typed),
    enabled: isComplete,
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  return (
    <section className={classes.preview} aria-label="Preview" aria-busy={preview.isFetching}>
      <div className={classes.previewHead}>
        <h3 className={classes.previewTitle}>Preview</h3>
        <SegmentedControl
          size="xs"
          aria-label="Shown as"
          data={[
            { value: 'html', label: 'HTML' },
            { value: 'text', label: 'Text' },
          ]}
          value={format}
          onChange={setFormat}
        />
      </div>
      {!isComplete && <p className={classes.muted}>Enter a subject and a body to see the mail.</p>}
      {isComplete && preview.isError && (
        <p className={classes.trouble} role="status">
          {problemOf(preview.error)}
        </p>
      )}
      {isComplete && preview.data !== undefined && (
        <>
          <p className={classes.previewSubject}>{preview.data.subject}</p>
          {format === 'html' ? (
            <MailFrame html={preview.data.html} title="The mail as HTML" />
          ) : (
            <pre className={classes.mailText}>{preview.data.text}</pre>
          )}
          <p className={classes.muted}>For a made-up customer. Mail programs choose one of both.</p>
        </>
      )}
    </section>
  );
}
