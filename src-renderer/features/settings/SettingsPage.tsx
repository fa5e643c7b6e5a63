import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { usePreferences } from '#renderer/api/use-preferences.ts';
import { formatTimeZone } from '#renderer/format/time.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { OpenFolderButton } from './OpenFolderButton.tsx';
import { SettingGroup, SettingRow } from './SettingRow.tsx';
import classes from './SettingsPage.module.css';

const THEMES = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const;
const DENSITIES = [
  { value: 'comfortable', label: 'Comfortable' },
  { value: 'compact', label: 'Compact' },
] as const;
const SYSTEM_ZONE = 'system';

/** How the console looks and reads, who acts, and where its files are. */
export function SettingsPage() {
  const { preferences, update, error } = usePreferences();
  return (
    <Page layout="reading">
      <PageHeader title="Settings" />
      {error !== null && (
        <div className={classes.error}>
          <ErrorState error={error} />
        </div>
      )}
      <SettingGroup title="Appearance">
        <SettingRow label="Theme" description="System follows the operating system.">
          <SegmentedControl
            aria-label="Theme"
            data={[...THEMES]}
            value={preferences.theme}
            onChange={(theme) => update({ theme })}
          />
        </SettingRow>
        <SettingRow label="Density" description="How close together the rows of tables stand.">
          <SegmentedControl
            aria-label="Density"
            data={[...DENSITIES]}
            value={preferences.density}
            onChange={(density) => update({ density })}
          />
        </SettingRow>
      </SettingGroup>
      <SettingGroup title="Time">
        <SettingRow
          label="Time zone"
          htmlFor="time-zone"
          description="Days are cut and times are shown in it. The ledger itself keeps UTC."
        >
          <TimeZoneSelect
            value={preferences.timeZone}
            onChange={(timeZone) => update({ timeZone })}
          />
        </SettingRow>
      </SettingGroup>
      <SettingGroup title="You">
        <ActorSetting />
      </SettingGroup>
      <SettingGroup title="Database">
        <ConnectionSetting />
      </SettingGroup>
      <SettingGroup title="Files">
        <FolderSettings />
      </SettingGroup>
    </Page>
  );
}

function TimeZoneSelect(props: {
  value: string | null;
  onChange: (timeZone: string | null) => void;
}) {
  const systemZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])];
  return (
    <Select
      id="time-zone"
      className={classes.wide}
      searchable
      allowDeselect={false}
      nothingFoundMessage="No such time zone"
      data={[
        { value: SYSTEM_ZONE, label: `Operating system’s – ${formatTimeZone(systemZone)}` },
        ...zones.map((zone) => ({ value: zone, label: zone })),
      ]}
      value={props.value ?? SYSTEM_ZONE}
      onChange={(zone) => {
        if (zone !== null) props.onChange(zone === SYSTEM_ZONE ? null : zone);
      }}
    />
  );
}

function ActorSetting() {
  const { connection, actor } = useSession();
  const { preferences, update, error, isSaving } = usePreferences();
  const [name, setName] = useState(preferences.actorName ?? '');

  if (connection.kind !== 'embedded') {
    return (
      <SettingRow
        label="You act as"
        description="On a team’s database this is the login: the database writes it on every entry, and nothing here can change it."
      >
        <strong>{actor}</strong>
      </SettingRow>
    );
  }
  function save(event: FormEvent) {
    event.preventDefault();
    const trimmed = name.trim();
    update(
      { actorName: trimmed === '' ? null : trimmed },
      { onSuccess: () => announce('Shown name saved.') },
    );
  }
  const isChanged = name.trim() !== (preferences.actorName ?? '');
  return (
    <form onSubmit={save}>
      <SettingRow
        label="Shown name"
        htmlFor="actor-name"
        description={
          preferences.actorName === null
            ? `Left empty, entries carry the operating system’s user: ${actor}.`
            : 'Stands on every entry that you post from now on. Empty it to use the operating system’s user.'
        }
      >
        <TextInput
          id="actor-name"
          className={classes.name}
          maxLength={100}
          placeholder={preferences.actorName === null ? actor : ''}
          value={name}
          error={error?.fields?.actorName}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={!isChanged} loading={isSaving}>
          Save
        </Button>
      </SettingRow>
    </form>
  );
}

function ConnectionSetting() {
  const { connection } = useSession();
  return (
    <SettingRow
      label={connection.name}
      description={
        connection.url ?? 'The PostgreSQL that comes with the console, on this computer.'
      }
    >
      <LinkButton to={paths.databaseSettings}>Connections</LinkButton>
    </SettingRow>
  );
}

function FolderSettings() {
  const about = useQuery(consoleQuery('settings.about', {}));
  const open = useCommand('settings.openFolder');
  return (
    <>
      <SettingRow label="Data folder" description={about.data?.dataFolder}>
        <OpenFolderButton folder="data" onOpen={open.mutate} />
      </SettingRow>
      <SettingRow label="Log" description={about.data?.logFile}>
        <OpenFolderButton folder="logs" onOpen={open.mutate} />
      </SettingRow>
      {open.error !== null && (
        <div className={classes.error}>
          <ErrorState error={open.error} />
        </div>
      )}
    </>
  );
}
