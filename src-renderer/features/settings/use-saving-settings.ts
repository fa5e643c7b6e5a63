import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSaving } from '#renderer/ui/use-saving.ts';
import {
  type NotificationSettings,
  notificationSettingsSchema,
} from '#shared/ipc/notifications.ts';
import { type NotificationAnswer, useKeepNotifications } from './notification-answer.ts';

/** The settings' names by the names that main has them under in its errors; the forms' fields are called like the settings. */
const FIELD_OF_ARGUMENT = Object.fromEntries(
  notificationSettingsSchema.keyof().options.map((name) => [`settings.${name}`, name]),
);

/**
 * Saves what a form changed of the settings that it was opened with: only that, so that what somebody else saved meanwhile stays,
 * on the same form too. Hand `drawer` to the form's `FormDrawer`.
 */
export function useSavingSettings({
  opened,
  setErrors,
  saved,
  onClose,
}: {
  /** The settings as the form was opened with. */
  opened: NotificationSettings;
  setErrors: (errors: Record<string, string>) => void;
  /** Said when it worked. */
  saved: string;
  onClose: () => void;
}) {
  const { asksProduction, whenAnswered } = useSaving<NotificationAnswer>({
    setErrors,
    fieldOfArgument: FIELD_OF_ARGUMENT,
    keep: useKeepNotifications(),
    saved: () => saved,
    onClose,
  });
  const save = useCommand('notifications.saveSettings', whenAnswered);
  return {
    drawer: { asksProduction, save, onClose },
    submit(entered: Partial<NotificationSettings>, confirmed: boolean) {
      save.mutate({
        settings: changedSettings(opened, entered),
        confirmedProduction: asksProduction && confirmed,
      });
    },
  };
}

function changedSettings(
  opened: NotificationSettings,
  entered: Partial<NotificationSettings>,
): Partial<NotificationSettings> {
  const names = Object.keys(entered) as (keyof NotificationSettings)[];
  return Object.fromEntries(
    names.filter((name) => entered[name] !== opened[name]).map((name) => [name, entered[name]]),
  );
}

/** The settings as they were when a form was opened: what changes meanwhile is somebody else's. */
export function useOpenedSettings(answer: NotificationAnswer): NotificationSettings {
  const [opened] = useState(answer.settings);
  return opened;
}

/** Text as a setting: null where there is none. */
export function textOrNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}
