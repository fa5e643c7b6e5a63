import type { Console } from '#main/console.ts';
import { readSnapshot } from '#main/database/run-query.ts';
import { connectionSecrets, setNotificationSecret } from '#main/notifications/secrets.ts';
import { readSettings } from '#main/notifications/settings/read-settings.ts';
import { sampleMessage } from '#main/notifications/settings/sample-message.ts';
import { saveSettings } from '#main/notifications/settings/save-settings.ts';
import { saveWords } from '#main/notifications/settings/save-words.ts';
import { sendTest } from '#main/notifications/settings/send-test.ts';
import { settingsAnswer } from '#main/notifications/settings/settings-answer.ts';
import { newWebhookSecret, webhookKeyOf } from '#main/notifications/webhook/sign-webhook.ts';
import { checkWords } from '#main/notifications/words/words.ts';
import { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { notificationsProcedures } from '#shared/ipc/notifications.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import { tellChange } from './tell-change.ts';

type Dependencies = Pick<
  Console,
  'database' | 'databaseFor' | 'events' | 'secrets' | 'now' | 'log'
>;

/** How customers and support are told that credits run low. */
export function notificationsHandlers(
  console: Dependencies,
): Pick<Handlers<Contract>, keyof typeof notificationsProcedures> {
  type Ready = ReturnType<typeof console.database>;

  const answer = (database: Ready, signal?: AbortSignal) =>
    settingsAnswer(
      database,
      { store: console.secrets, connectionId: database.connection.id },
      signal,
    );
  const keepSecret = (database: Ready, which: 'smtp' | 'webhook', secret: string | undefined) =>
    setNotificationSecret(console.secrets, database.connection.id, which, secret);

  async function changed(database: Ready, work: () => Promise<void>) {
    // The threshold of all who have none of their own is among the settings.
    await tellChange(work, () => console.events.emit({ type: 'alerts.changed', customerId: null }));
    return answer(database);
  }

  return {
    'notifications.settings': (_, { signal }) => answer(console.database(), signal),
    'notifications.saveSettings': async (input) => {
      const database = console.databaseFor('administer', input);
      return changed(database, () => saveSettings(database, database.actor, input.settings));
    },
    'notifications.setSecret': async ({ which, secret }) => {
      const database = console.databaseFor('administer');
      if (which === 'webhook' && secret !== null && webhookKeyOf(secret) === undefined) {
        const why = 'must be whsec_ and the base64 of 24 to 64 bytes';
        throw new AppError('invalid_argument', `The secret ${why}. Nothing was changed.`, {
          fields: { secret: why },
        });
      }
      const kept = which === 'webhook' ? secret?.trim() : secret;
      await keepSecret(database, which, kept ?? undefined);
      return answer(database);
    },
    'notifications.makeWebhookSecret': async () => {
      const database = console.databaseFor('administer');
      const secret = newWebhookSecret();
      await keepSecret(database, 'webhook', secret);
      return { secret };
    },
    'notifications.saveTemplate': async (input) => {
      const database = console.databaseFor('administer', input);
      return changed(database, () => saveWords(database, database.actor, input));
    },
    'notifications.preview': async ({ kind, ...words }, { signal }) => {
      checkWords(words);
      const { settings } = await readSnapshot(console.database(), signal, readSettings);
      return sampleMessage(kind, words, settings);
    },
    'notifications.sendTest': async (test) => {
      const database = console.databaseFor('administer');
      const secrets = connectionSecrets(console.secrets, database.connection.id);
      const { log, now } = console;
      return { answer: await sendTest({ database, log, now, secrets }, test) };
    },
  };
}
