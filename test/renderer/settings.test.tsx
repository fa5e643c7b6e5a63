import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { AboutPage } from '#renderer/features/settings/AboutPage.tsx';
import {
  connectionUrlProblem,
  splitPassword,
  withPassword,
} from '#renderer/features/settings/connection-url.ts';
import { DatabaseSettingsPage } from '#renderer/features/settings/DatabaseSettingsPage.tsx';
import { SettingsPage } from '#renderer/features/settings/SettingsPage.tsx';
import { AppError } from '#shared/errors.ts';
import type { Connection } from '#shared/ipc/settings.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import { render } from '#test/support/render.tsx';

const embedded = aSession().connection as Connection;
const staging: Connection = {
  id: 'staging',
  kind: 'url',
  name: 'Team staging',
  color: 'amber',
  environment: 'staging',
  url: 'postgresql://console@staging.example/credits',
  allowUnverifiedTls: false,
  password: 'key_store',
  lastUsedAt: null,
};
const about: FakeHandlers['settings.about'] = async () => ({
  version: '9.8.7',
  electron: '33.2.1',
  chrome: '130',
  node: '20.18.1',
  postgresql: '18.4',
  platform: 'linux x64',
  dataFolder: '/data',
  logFile: '/data/logs/main.log',
  clusterFolder: '/data/postgres',
  runtimeNote: 'This runs on a fallback of Electron.',
  keyStore: null,
});

function databaseHandlers(
  connections: Connection[],
  more: FakeHandlers = {},
  keyStoreAvailable = true,
): FakeHandlers {
  return {
    'connections.list': async () => ({ connections, activeId: 'embedded', keyStoreAvailable }),
    ...more,
  };
}

describe('the database settings', () => {
  it('show each connection with its environment, and which one is in use', async () => {
    render(<DatabaseSettingsPage />, { handlers: databaseHandlers([embedded, staging]) });
    const list = await screen.findByRole('list', { name: 'Connections' });
    const [first, second] = within(list).getAllByRole('listitem');
    expect(first).toHaveTextContent(/This computer.*Local.*In use/s);
    expect(second).toHaveTextContent(/Team staging.*Staging.*Password in the key store/s);
  });

  it('say plainly where passwords are kept', async () => {
    render(<DatabaseSettingsPage />, {
      handlers: databaseHandlers([embedded, { ...staging, password: 'memory' }], {}, false),
    });
    expect(await screen.findByText(/offers no key store.*in memory only/)).toBeVisible();
    expect(screen.getByText('Password in memory until the console closes')).toBeVisible();
  });

  it('report what the connection in use was found to be', async () => {
    render(<DatabaseSettingsPage />, {
      handlers: databaseHandlers([embedded]),
      session: {
        database: {
          status: 'ready',
          report: aReport({
            fsync: false,
            abilities: ['grant', 'export'],
            warnings: ['fsync is off.'],
          }),
        },
      },
    });
    const report = within(await screen.findByRole('region', { name: 'In use' }));
    expect(report.getByText('PostgreSQL 18.4')).toBeVisible();
    expect(report.getByText(/^off: a crash/)).toBeVisible();
    expect(report.getByText('grant credits, export')).toBeVisible();
    expect(report.getByText(/^adjust down, reverse transactions/)).toBeVisible();
    expect(
      within(report.getByRole('list', { name: 'Warnings' })).getByRole('listitem'),
    ).toHaveTextContent('fsync is off.');
  });

  it('switch to another connection, and ask for a password that is missing', async () => {
    const { user, bridge } = render(<DatabaseSettingsPage />, {
      handlers: databaseHandlers(
        [embedded, staging, { ...staging, id: 'lost', name: 'Lost', password: 'missing' }],
        {
          'connections.switch': async ({ password }) =>
            password === 'wrong'
              ? { status: 'failed', code: 'database_password', message: 'The password is refused.' }
              : { status: 'ready', report: aReport() },
        },
      ),
    });
    await user.click(await screen.findByRole('button', { name: 'Use Team staging' }));
    await waitFor(() => expect(bridge.callsOf('connections.switch')).toEqual([{ id: 'staging' }]));

    await user.click(await screen.findByRole('button', { name: 'Use Lost' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Password for Lost' }));
    await user.type(dialog.getByLabelText('Password'), 'wrong');
    await user.click(dialog.getByRole('button', { name: 'Connect' }));
    expect(await dialog.findByText('The password is refused.')).toBeVisible();
    await user.clear(dialog.getByLabelText('Password'));
    await user.type(dialog.getByLabelText('Password'), 'right{Enter}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(bridge.callsOf('connections.switch').at(-1)).toEqual({ id: 'lost', password: 'right' });
  });

  it('test an address with its password and report, then save it', async () => {
    const { user, bridge } = render(<DatabaseSettingsPage />, {
      handlers: databaseHandlers([embedded], {
        'connections.test': async () => aReport({ host: 'db.example', tls: true }),
        'connections.save': async (input) => ({ ...staging, id: 'new', name: input.name }),
      }),
    });
    await user.click(await screen.findByRole('button', { name: 'Add connection' }));
    const form = within(await screen.findByRole('dialog', { name: 'Add a connection' }));
    await user.type(form.getByLabelText('Name'), 'Acme');
    await user.click(form.getByRole('radio', { name: 'red' }));
    await user.click(form.getByRole('radio', { name: 'Production' }));
    await user.type(form.getByLabelText('Address'), 'postgresql://ada:p@ss w@db.example/credits');
    await user.tab();
    // The password does not stay readable in the address.
    expect(form.getByLabelText('Address')).toHaveValue('postgresql://ada@db.example/credits');
    expect(form.getByLabelText('Password')).toHaveValue('p@ss w');
    await user.click(form.getByRole('button', { name: 'Test' }));
    expect(await form.findByRole('region', { name: 'Report of the test' })).toHaveTextContent(
      'db.example',
    );
    const url = 'postgresql://ada:p%40ss%20w@db.example/credits';
    expect(bridge.callsOf('connections.test')).toEqual([
      { id: null, url, allowUnverifiedTls: false },
    ]);
    await user.click(form.getByRole('checkbox', { name: /unverified/ }));
    await user.click(form.getByRole('button', { name: 'Save connection' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(bridge.callsOf('connections.save')).toEqual([
      {
        id: null,
        name: 'Acme',
        color: 'red',
        environment: 'production',
        url,
        allowUnverifiedTls: true,
      },
    ]);
  });

  it('show what is wrong beside its field, from the form and from main', async () => {
    const { user, bridge } = render(<DatabaseSettingsPage />, {
      handlers: databaseHandlers([embedded], {
        'connections.save': async () => {
          throw new AppError('invalid_argument', 'The values were refused.', {
            fields: { name: 'is taken' },
          });
        },
      }),
    });
    await user.click(await screen.findByRole('button', { name: 'Add connection' }));
    const form = within(await screen.findByRole('dialog'));
    await user.click(form.getByRole('button', { name: 'Save connection' }));
    expect(form.getByLabelText('Name')).toHaveAccessibleDescription('Enter a name.');
    expect(form.getByText('Enter the address of the database.')).toBeVisible();
    expect(bridge.callsOf('connections.save')).toEqual([]);
    await user.type(form.getByLabelText('Name'), 'Acme');
    await user.type(form.getByLabelText('Address'), 'postgresql://db.example/credits');
    await user.click(form.getByRole('button', { name: 'Save connection' }));
    expect(await form.findByText('is taken')).toBeVisible();
    expect(form.getByRole('alert')).toHaveTextContent('The values were refused.');
  });

  it('edit the embedded one by name, colour and environment only, and never remove it', async () => {
    const { user, bridge } = render(<DatabaseSettingsPage />, {
      handlers: databaseHandlers([embedded], {
        'connections.save': async (input) => ({ ...embedded, name: input.name }),
      }),
    });
    await user.click(await screen.findByRole('button', { name: 'More for This computer' }));
    expect(screen.queryByRole('menuitem', { name: /Remove/ })).toBeNull();
    await user.click(await screen.findByRole('menuitem', { name: 'Edit' }));
    const form = within(await screen.findByRole('dialog', { name: 'Edit This computer' }));
    expect(form.queryByLabelText('Address')).toBeNull();
    await user.clear(form.getByLabelText('Name'));
    await user.type(form.getByLabelText('Name'), 'My desk');
    await user.click(form.getByRole('button', { name: 'Save connection' }));
    await waitFor(() => expect(bridge.callsOf('connections.save')).toHaveLength(1));
    expect(bridge.callsOf('connections.save')[0]).toMatchObject({
      id: 'embedded',
      name: 'My desk',
    });
  });

  it('ask before a connection is removed, with Cancel first', async () => {
    const { user, bridge } = render(<DatabaseSettingsPage />, {
      handlers: databaseHandlers([embedded, staging], { 'connections.remove': async () => ({}) }),
    });
    await user.click(await screen.findByRole('button', { name: 'More for Team staging' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Remove Team staging?' }));
    await waitFor(() => expect(dialog.getByRole('button', { name: 'Cancel' })).toHaveFocus());
    await user.click(dialog.getByRole('button', { name: 'Remove connection' }));
    await waitFor(() => expect(bridge.callsOf('connections.remove')).toEqual([{ id: 'staging' }]));
  });
});

describe('the settings', () => {
  const echo: FakeHandlers = {
    'settings.about': about,
    'settings.openFolder': async () => ({}),
    'settings.updatePreferences': async (input) => ({
      ...aSession().preferences,
      ...(JSON.parse(JSON.stringify(input)) as object),
    }),
  };

  it('change theme, density and time zone at once', async () => {
    const { user, bridge } = render(<SettingsPage />, { handlers: echo });
    await user.click(await screen.findByRole('radio', { name: 'Dark' }));
    await user.click(screen.getByRole('radio', { name: 'Compact' }));
    await user.click(screen.getByLabelText('Time zone'));
    await user.click(await screen.findByRole('option', { name: 'Europe/Berlin' }));
    await waitFor(() =>
      expect(bridge.callsOf('settings.updatePreferences')).toEqual([
        { theme: 'dark' },
        { density: 'compact' },
        { timeZone: 'Europe/Berlin' },
      ]),
    );
  });

  it('set the shown name on the embedded database, and take it away again', async () => {
    const { user, bridge } = render(<SettingsPage />, {
      handlers: echo,
      session: { preferences: { ...aSession().preferences, actorName: 'Ada' } },
    });
    const name = await screen.findByLabelText('Shown name');
    expect(screen.getByRole('button', { name: 'Save' })).toBeDisabled();
    await user.clear(name);
    await user.type(name, '  Ada L. {Enter}');
    await user.clear(name);
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() =>
      expect(bridge.callsOf('settings.updatePreferences')).toEqual([
        { actorName: 'Ada L.' },
        { actorName: null },
      ]),
    );
  });

  it('say that on a team’s database the login acts', async () => {
    render(<SettingsPage />, {
      handlers: echo,
      session: { connection: staging, actor: 'console' },
    });
    expect(await screen.findByText(/On a team’s database this is the login/)).toBeVisible();
    expect(screen.queryByLabelText('Shown name')).toBeNull();
  });

  it('open the folders, and show what went wrong', async () => {
    const { user, bridge } = render(<SettingsPage />, {
      handlers: {
        ...echo,
        'settings.openFolder': async () => {
          throw new AppError('file_error', 'The folder is gone.');
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Open log folder' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('The folder is gone.');
    expect(bridge.callsOf('settings.openFolder')).toEqual([{ folder: 'logs' }]);
  });

  it('about tells versions, folders, the key store, and the fallback it runs on', async () => {
    const { user } = render(<AboutPage />, { handlers: { 'settings.about': about } });
    expect(await screen.findByText('This runs on a fallback of Electron.')).toBeVisible();
    expect(screen.getByText('9.8.7')).toBeVisible();
    expect(screen.getByText(/^none: passwords are kept in memory/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Copy versions' }));
    expect(await navigator.clipboard.readText()).toMatch(/PostgreSQL: 18\.4/);
  });
});

describe('a connection URL', () => {
  it('gives its password away, whatever is in it', () => {
    expect(splitPassword('postgresql://u:p%40s@h/d')).toEqual({
      url: 'postgresql://u@h/d',
      password: 'p@s',
    });
    expect(splitPassword('postgres://u:a@b:c@h:5/d?x=1@2')).toEqual({
      url: 'postgres://u@h:5/d?x=1@2',
      password: 'a@b:c',
    });
    expect(splitPassword('postgres://u:100%@h/d').password).toBe('100%');
    expect(splitPassword(' postgres://u@h/d ')).toEqual({
      url: 'postgres://u@h/d',
      password: null,
    });
    expect(splitPassword('postgres://h/d')).toEqual({ url: 'postgres://h/d', password: null });
  });

  it('takes it back unchanged', () => {
    for (const password of ['p@ss:w/?#', 'ümläut', '%41', ' ']) {
      const whole = withPassword('postgresql://u@h/d', password);
      expect(splitPassword(whole)).toEqual({ url: 'postgresql://u@h/d', password });
    }
    expect(withPassword('postgresql://u@h/d', '')).toBe('postgresql://u@h/d');
  });

  it('is refused in words where it is none', () => {
    expect(connectionUrlProblem('', '')).toBe('Enter the address of the database.');
    expect(connectionUrlProblem('mysql://u@h/d', '')).toMatch(/postgresql:\/\/user@host/);
    expect(connectionUrlProblem('postgresql://', '')).toMatch(/postgresql:\/\/user@host/);
    expect(connectionUrlProblem('postgresql://h/d', 'secret')).toMatch(/user before the host/);
    expect(connectionUrlProblem('postgresql://u@h/d', 'secret')).toBeNull();
  });
});
