import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchOptions } from '#build/electron-runtime/launch-options.mjs';
import { expectAccessible } from './support/axe.ts';
import { expect, launchConsole, newDataFolder, test } from './support/console-test.ts';
import { ConsoleWindow } from './support/console-window.ts';

test.describe('a first start', () => {
  test.use({ workspace: 'fresh' });

  test('opens the window on the embedded database, migrated and filled with demo data', async ({
    consoleWindow,
  }) => {
    await expect(consoleWindow.page).toHaveTitle(/This computer/);
    const session = await consoleWindow.call('settings.session', {});
    expect(session).toMatchObject({
      connection: { id: 'embedded', environment: 'local' },
      database: { status: 'ready', report: { schema: 'current', fsync: true } },
      demoData: true,
    });
    await expect(consoleWindow.heading).toHaveText('Customers');
    await expect(consoleWindow.page.getByText('Demo data')).toBeVisible();
    await expectAccessible(consoleWindow.page);
  });
});

test.describe('the window', () => {
  test('is remembered: where it was, how large, and its zoom', async ({
    consoleWindow,
    app,
    dataFolder,
  }) => {
    const bounds = { x: 60, y: 50, width: 1100, height: 760 };
    await app.evaluate(({ BrowserWindow }, wanted) => {
      BrowserWindow.getAllWindows()[0]?.setBounds(wanted);
    }, bounds);
    await consoleWindow.chooseMenu('View', 'Zoom In');
    await expect.poll(() => consoleWindow.page.evaluate(() => devicePixelRatio)).toBeCloseTo(1.1);
    await app.close();
    expect(JSON.parse(await readFile(join(dataFolder, 'window.json'), 'utf8'))).toMatchObject({
      width: bounds.width,
      height: bounds.height,
      maximized: false,
    });

    const second = await launchConsole({ dataFolder });
    try {
      const page = await second.firstWindow();
      await expect.poll(() => page.evaluate(() => devicePixelRatio)).toBeCloseTo(1.1);
      const size = await second.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.getSize(),
      );
      expect(size).toEqual([bounds.width, bounds.height]);
    } finally {
      await second.close();
    }
  });

  test('follows the application menu', async ({ consoleWindow }) => {
    await consoleWindow.chooseMenu('Go', 'Transactions');
    await expect.poll(() => consoleWindow.path()).toBe('/transactions');
    await consoleWindow.chooseMenu('Go', 'Usage');
    await expect.poll(() => consoleWindow.path()).toBe('/usage');
    await consoleWindow.chooseMenu('Go', 'Back');
    await expect.poll(() => consoleWindow.path()).toBe('/transactions');
    await consoleWindow.chooseMenu('Go', 'Forward');
    await expect.poll(() => consoleWindow.path()).toBe('/usage');
    await consoleWindow.chooseMenu('File', 'Settings…');
    await expect.poll(() => consoleWindow.path()).toBe('/settings');
  });

  test('takes the theme of the preference', async ({ consoleWindow, app }) => {
    for (const theme of ['dark', 'light', 'system'] as const) {
      await consoleWindow.call('settings.updatePreferences', { theme });
      await expect
        .poll(() => app.evaluate(({ nativeTheme }) => nativeTheme.themeSource))
        .toBe(theme);
    }
  });

  test('has the colour of its page behind it, so that nothing flashes', async ({
    consoleWindow,
    app,
  }) => {
    for (const theme of ['dark', 'light'] as const) {
      await consoleWindow.call('settings.updatePreferences', { theme });
      const behind = () =>
        app.evaluate(({ BrowserWindow }) =>
          BrowserWindow.getAllWindows()[0]?.getBackgroundColor().toLowerCase(),
        );
      const painted = () =>
        consoleWindow.page.evaluate(() => {
          const [red = 0, green = 0, blue = 0] =
            getComputedStyle(document.body).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
          return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
        });
      await expect.poll(async () => (await painted()) === (await behind())).toBe(true);
    }
  });
});

test.describe('one data folder', () => {
  test('has one console: a second start shows the first one, and its link only navigates', async ({
    consoleWindow,
    app,
    dataFolder,
  }) => {
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide());
    const { executablePath, args, env } = launchOptions({
      dataFolder,
      args: [
        'credit-console://customer/usr_1%2F2?act=grant',
        'credit-console://customer/usr_1%2F2',
      ],
    });
    const second = spawn(executablePath, args, { env, stdio: 'ignore' });
    const [code] = (await once(second, 'exit')) as [number];
    expect(code).toBe(0);
    await expect.poll(() => consoleWindow.path()).toBe('/customers/usr_1%2F2');
    const isVisible = () =>
      app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible());
    await expect.poll(isVisible).toBe(true);
    expect(app.windows()).toHaveLength(1);
  });

  test('does not keep another one from running beside it', async ({
    consoleWindow,
    dataFolder,
  }) => {
    const otherFolder = newDataFolder();
    const other = await launchConsole({
      dataFolder: otherFolder,
      env: { CREDIT_CONSOLE_NO_DEMO: '1' },
    });
    try {
      const beside = new ConsoleWindow(other, await other.firstWindow());
      await beside.connected();
      const about = await beside.call('settings.about', {});
      expect(about.dataFolder).not.toBe(dataFolder);
      expect((await consoleWindow.call('settings.about', {})).dataFolder).toBe(dataFolder);
      expect((await beside.call('settings.session', {})).demoData).toBe(false);
    } finally {
      await other.close();
      await rm(otherFolder, { recursive: true, force: true });
    }
  });
});

test('a link opens the console on its customer', async ({ dataFolder }) => {
  const app = await launchConsole({ dataFolder, args: ['credit-console://customer/usr_42'] });
  try {
    const consoleWindow = new ConsoleWindow(app, await app.firstWindow());
    await expect.poll(() => consoleWindow.path()).toBe('/customers/usr_42');
  } finally {
    await app.close();
  }
});

test('a data folder that cannot be used is said on the terminal, with exit code 1', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'credit-console-e2e-'));
  try {
    await writeFile(join(folder, 'file'), '');
    const { executablePath, args, env } = launchOptions({
      dataFolder: join(folder, 'file', 'data'),
    });
    const program = spawn(executablePath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    await new Promise<void>((resolve) => {
      program.stderr.on('data', (chunk) => {
        said += String(chunk);
        if (said.includes('cannot be used')) resolve();
      });
      program.once('exit', () => resolve());
    });
    expect(said).toContain(join(folder, 'file', 'data'));
    // It waits with its dialog until somebody has read it.
    program.kill('SIGTERM');
    const [code] = program.exitCode === null ? await once(program, 'exit') : [program.exitCode];
    expect(code).toBe(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.describe('the embedded database', () => {
  test('that is killed is told, and comes back by itself', async ({ consoleWindow }) => {
    const { clusterFolder } = await consoleWindow.call('settings.about', {});
    const note = await readFile(join(clusterFolder ?? '', 'postmaster.pid'), 'utf8');
    process.kill(Number(note.split('\n')[0]), 'SIGKILL');
    await expect
      .poll(async () => {
        const reply = await consoleWindow.callRaw('customers.plans', {});
        return reply.ok ? 'answered' : reply.error.code;
      })
      .toBe('database_unavailable');
    await expect
      .poll(async () => (await consoleWindow.call('settings.session', {})).database.status, {
        timeout: 40_000,
      })
      .toBe('ready');
    expect((await consoleWindow.call('customers.plans', {})).plans.length).toBeGreaterThan(0);
  });

  test('is stopped with the console, also when the system ends it', async ({ dataFolder }) => {
    const app = await launchConsole({ dataFolder });
    const consoleWindow = new ConsoleWindow(app, await app.firstWindow());
    await consoleWindow.connected();
    const { clusterFolder } = await consoleWindow.call('settings.about', {});
    const note = join(clusterFolder ?? '', 'postmaster.pid');
    await access(note);
    const closed = app.waitForEvent('close');
    app.process().kill('SIGTERM');
    await closed;
    // The server removes its note as the last thing of a clean end.
    await expect(access(note)).rejects.toThrow();
    expect(await readFile(join(dataFolder, 'logs', 'main.log'), 'utf8')).toContain(
      'The database server was stopped.',
    );
  });
});
