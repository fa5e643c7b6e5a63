import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { ApiKeysPage } from '#renderer/features/api-keys/ApiKeysPage.tsx';
import { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { type ApiKeyData, anApiKey, aRevokedKey } from '#test/support/api-key-rows.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import { render } from '#test/support/render.tsx';

const SECRET = 'cck_7Yp2_a-key-that-is-seen-once';

function open(
  options: {
    keys?: ApiKeyData[];
    handlers?: FakeHandlers;
    abilities?: readonly Ability[];
    connection?: Partial<ReturnType<typeof aSession>['connection']>;
  } = {},
) {
  return render(<ApiKeysPage />, {
    session: {
      connection: { ...aSession().connection, ...options.connection },
      ...(options.abilities !== undefined && {
        database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
      }),
    },
    handlers: {
      'keys.list': async () => ({ rows: options.keys ?? [anApiKey(), aRevokedKey()] }),
      ...options.handlers,
    },
  });
}

const row = (name: RegExp) => screen.findByRole('row', { name });
const rowNames = () =>
  within(screen.getByRole('table', { name: 'API keys' }))
    .getAllByRole('rowheader')
    .map((each) => each.firstChild?.textContent);
const dialog = async (name: string | RegExp) => within(await screen.findByRole('dialog', { name }));
const noDialog = () => waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());

describe('the keys', () => {
  it('are listed with what they may do and their last use, the revoked ones at the end', async () => {
    open({
      keys: [
        aRevokedKey(),
        anApiKey({ scopes: ['use', 'read'], requestsPerSecond: 2_500 }),
        anApiKey({
          id: '0b6d1f0e-6a3c-4a53-9d41-7f3c8f0f1a03',
          name: 'Batch',
          lastUsedAt: new Date().toISOString(),
        }),
      ],
    });
    expect(await row(/^Web shop/)).toHaveTextContent(
      /cck_7Yp2….*Read, use.*2,500 requests a second.*by ada.*Never.*In use/,
    );
    expect(await row(/^Batch/)).toHaveTextContent(/Read, use, report.*now.*In use/);
    const old = await row(/^Old importer/);
    expect(old).toHaveTextContent(/Revoked.*by grace/);
    expect(within(old).queryByRole('button')).toBeNull();
    expect(rowNames()).toEqual(['Web shop', 'Batch', 'Old importer']);
  });

  it('can be narrowed to those in use or revoked', async () => {
    const { user } = open();
    await user.click(await screen.findByRole('radio', { name: 'Revoked' }));
    expect(rowNames()).toEqual(['Old importer']);
    await user.click(screen.getByRole('radio', { name: 'In use' }));
    expect(rowNames()).toEqual(['Web shop']);
  });

  it('say so where there is none, and where they cannot be read', async () => {
    const { user, bridge } = open({
      handlers: {
        'keys.list': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
    bridge.use({ 'keys.list': async () => ({ rows: [] }) });
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText(/There is no key yet/)).toBeVisible();
  });

  it('are only read by a role that may not administer', async () => {
    open({ abilities: ['grant'] });
    await row(/^Web shop/);
    expect(screen.getByText(/You can read this page/)).toBeVisible();
    expect(screen.queryByRole('button', { name: /^(New|Edit|Revoke)/ })).toBeNull();
  });
});

describe('making a key', () => {
  it('checks the form, makes it, and shows it once, until it was said to be stored', async () => {
    const copied: string[] = [];
    let keys = [aRevokedKey()];
    const { user, bridge } = open({
      handlers: {
        'keys.list': async () => ({ rows: keys }),
        'keys.create': async ({ name, scopes, requestsPerSecond }) => {
          const apiKey = anApiKey({ name, scopes, requestsPerSecond });
          keys = [apiKey, ...keys];
          return { key: SECRET, apiKey };
        },
      },
    });
    vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(async (text) => {
      copied.push(text);
    });
    await user.click(await screen.findByRole('button', { name: 'New key' }));
    const form = await dialog('New key');
    expect(form.getByText(/No key can grant credits/)).toBeVisible();
    expect(form.getByRole('checkbox', { name: 'Customers' })).not.toBeChecked();
    await user.click(form.getByRole('button', { name: 'Make key' }));
    expect(form.getByLabelText('Name')).toHaveFocus();
    expect(form.getByLabelText('Name')).toHaveAccessibleDescription(/Enter a name\./);

    await user.type(form.getByLabelText('Name'), 'Mobile app');
    for (const scope of ['Read', 'Use', 'Report']) {
      await user.click(form.getByRole('checkbox', { name: scope }));
    }
    await user.clear(form.getByLabelText('Requests a second'));
    await user.type(form.getByLabelText('Requests a second'), '0');
    await user.click(form.getByRole('button', { name: 'Make key' }));
    expect(form.getByText('Choose at least one.')).toBeVisible();
    expect(form.getByRole('checkbox', { name: 'Read' })).toHaveFocus();
    expect(form.getByLabelText('Requests a second')).toHaveAccessibleDescription(
      /It must be at least 1\./,
    );
    expect(bridge.callsOf('keys.create')).toEqual([]);

    await user.click(form.getByRole('checkbox', { name: 'Customers' }));
    await user.click(form.getByRole('checkbox', { name: 'Use' }));
    await user.clear(form.getByLabelText('Requests a second'));
    await user.type(form.getByLabelText('Requests a second'), '1,000');
    await user.click(form.getByRole('button', { name: 'Make key' }));

    const made = await dialog('The key “Mobile app”');
    expect(bridge.callsOf('keys.create')).toEqual([
      {
        name: 'Mobile app',
        scopes: ['use', 'customers'],
        requestsPerSecond: 1_000,
        confirmedProduction: false,
      },
    ]);
    expect(made.getByText(/cannot be shown again/)).toBeVisible();
    await user.keyboard('{Escape}{Control>}k{/Control}');
    expect(made.getByText(SECRET)).toBeVisible();
    expect(made.queryByRole('button', { name: 'Close' })).toBeNull();
    await user.click(made.getByRole('button', { name: 'Copy key' }));
    await made.findByRole('button', { name: 'Copied' });
    expect(copied).toEqual([SECRET]);
    await user.click(made.getByRole('button', { name: 'I have stored it' }));
    await noDialog();
    expect(document.body).not.toHaveTextContent(SECRET);
    expect(await row(/^Mobile app/)).toHaveTextContent('Use, customers');
    await waitFor(() => expect(screen.getByRole('button', { name: 'New key' })).toHaveFocus());
  });

  it('of production is confirmed in its form', async () => {
    const { user, bridge } = open({
      connection: { name: 'Acme', environment: 'production' },
      handlers: { 'keys.create': async () => ({ key: SECRET, apiKey: anApiKey() }) },
    });
    await user.click(await screen.findByRole('button', { name: 'New key' }));
    const form = await dialog('New key');
    await user.type(form.getByLabelText('Name'), 'Web shop');
    expect(form.getByRole('button', { name: 'Make key' })).toBeDisabled();
    await user.click(form.getByRole('checkbox', { name: /Acme, which is production/ }));
    await user.click(form.getByRole('button', { name: 'Make key' }));
    await dialog('The key “Web shop”');
    expect(bridge.callsOf('keys.create')).toMatchObject([{ confirmedProduction: true }]);
  });
});

describe('changing a key', () => {
  it('sends what was changed, and shows what main has against it', async () => {
    let isTaken = true;
    const { user, bridge } = open({
      handlers: {
        'keys.update': async ({ id, scopes }) => {
          if (isTaken) {
            throw new AppError('invalid_argument', 'A value cannot be used.', {
              fields: { name: 'is the name of another key' },
            });
          }
          return anApiKey({ id, ...(scopes !== undefined && { scopes }) });
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Edit Web shop' }));
    const form = await dialog('Edit Web shop');
    await user.click(form.getByRole('checkbox', { name: 'Report' }));
    await user.click(form.getByRole('button', { name: 'Save key' }));
    await waitFor(() =>
      expect(form.getByLabelText('Name')).toHaveAccessibleDescription(/is the name of another key/),
    );
    isTaken = false;
    await user.click(form.getByRole('button', { name: 'Save key' }));
    await noDialog();
    expect(bridge.callsOf('keys.update')).toHaveLength(2);
    expect(bridge.callsOf('keys.update')[1]).toEqual({
      id: anApiKey().id,
      scopes: ['read', 'use'],
      confirmedProduction: false,
    });
  });
});

describe('revoking a key', () => {
  it('is asked about by name, with Cancel as the default, and cannot be undone', async () => {
    let keys = [anApiKey()];
    const { user, bridge } = open({
      handlers: {
        'keys.list': async () => ({ rows: keys }),
        'keys.revoke': async ({ id }) => {
          const revoked = aRevokedKey({ id, name: 'Web shop' });
          keys = [revoked];
          return revoked;
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Revoke Web shop' }));
    const question = await dialog('Revoke Web shop?');
    expect(question.getByRole('button', { name: 'Cancel' })).toHaveFocus();
    expect(
      question.getByText(/cck_7Yp2… is refused by every service within 5 seconds/),
    ).toBeVisible();
    expect(question.getByText(/This cannot be undone/)).toBeVisible();
    await user.keyboard('{Enter}');
    await noDialog();
    expect(bridge.callsOf('keys.revoke')).toEqual([]);

    await user.click(screen.getByRole('button', { name: 'Revoke Web shop' }));
    await user.click(
      (await dialog('Revoke Web shop?')).getByRole('button', { name: 'Revoke key' }),
    );
    await waitFor(async () => expect(await row(/^Web shop/)).toHaveTextContent('Revoked'));
    expect(bridge.callsOf('keys.revoke')).toEqual([
      { id: anApiKey().id, confirmedProduction: false },
    ]);
  });

  it('asks again where only main knows of production', async () => {
    const { user, bridge } = open({
      handlers: {
        'keys.revoke': async ({ id, confirmedProduction }) => {
          if (!confirmedProduction) throw new AppError('confirmation_required', 'Confirm it.');
          return aRevokedKey({ id, name: 'Web shop' });
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Revoke Web shop' }));
    await user.click(
      (await dialog('Revoke Web shop?')).getByRole('button', { name: 'Revoke key' }),
    );
    await user.click(await screen.findByRole('button', { name: /^Revoke key on / }));
    await noDialog();
    expect(bridge.callsOf('keys.revoke').map((each) => each.confirmedProduction)).toEqual([
      false,
      true,
    ]);
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('that fails says so on the page, and of production it names the connection', async () => {
    const { user, bridge } = open({
      connection: { name: 'Acme', environment: 'production' },
      handlers: {
        'keys.revoke': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Revoke Web shop' }));
    const question = await dialog('Revoke Web shop?');
    expect(question.getByText('PRODUCTION')).toBeVisible();
    await user.click(question.getByRole('button', { name: 'Revoke key on Acme' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
    expect(bridge.callsOf('keys.revoke')).toMatchObject([{ confirmedProduction: true }]);
  });
});

describe('how to call', () => {
  it('gives the command for this database and a call, each to copy', async () => {
    const { user } = open({
      connection: { kind: 'url', url: "postgresql://console@db.acme.example:5433/it's" },
    });
    const copied: string[] = [];
    vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(async (text) => {
      copied.push(text);
    });
    await user.click(await screen.findByRole('button', { name: 'Copy the command' }));
    await user.click(screen.getByRole('button', { name: 'Copy the example' }));
    expect(copied).toEqual([
      "npm run cli -- serve --port 4242 --database-url 'postgresql://SERVICE_USER:PASSWORD@db.acme.example:5433/it%27s'",
      expect.stringMatching(/^curl .*\/usage[\s\S]*Authorization: Bearer YOUR_KEY/),
    ]);
  });
});
