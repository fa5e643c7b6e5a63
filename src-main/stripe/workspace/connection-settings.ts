import type { Settings, SettingsFile, StripeSettings } from '#main/settings/settings-file.ts';

/** What is kept of a connection's Stripe side; as nothing was ever set where there is no entry. */
export function stripeSettingsOf(settings: Settings, connectionId: string): StripeSettings {
  return (
    settings.stripe?.find((each) => each.connectionId === connectionId) ?? {
      connectionId,
      liveEnabled: false,
      account: null,
      simulatorPort: null,
      webhookPort: null,
    }
  );
}

/** Changes a connection's Stripe side. Throws what the settings file throws; then nothing changed. */
export async function changeStripeSettings(
  file: SettingsFile,
  connectionId: string,
  change: Partial<Omit<StripeSettings, 'connectionId'>>,
): Promise<void> {
  await file.update((settings) => ({
    ...settings,
    stripe: [
      ...othersThan(settings, connectionId),
      { ...stripeSettingsOf(settings, connectionId), ...change },
    ],
  }));
}

/** Removes what is kept of a connection's Stripe side. */
export async function forgetStripeSettings(
  file: SettingsFile,
  connectionId: string,
): Promise<void> {
  if (!file.current().stripe?.some((each) => each.connectionId === connectionId)) return;
  await file.update((settings) => ({ ...settings, stripe: othersThan(settings, connectionId) }));
}

function othersThan(settings: Settings, connectionId: string): StripeSettings[] {
  return (settings.stripe ?? []).filter((each) => each.connectionId !== connectionId);
}
