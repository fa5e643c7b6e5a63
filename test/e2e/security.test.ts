import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ElectronApplication } from '@playwright/test';
import { PROCEDURE_NAMES } from '#shared/ipc/names.ts';
import { expect, test } from './support/console-test.ts';

// One test for each hole that is closed. Chromium says on the page's console what it refused.
test.use({
  workspace: 'empty',
  expectedPageErrors: [
    /Content Security Policy|Refused to|net::ERR|Not allowed to load|Unsafe attempt/,
  ],
});

const OUTSIDE = 'https://evil.example/';

test('the page runs in a sandbox, isolated, without Node', async ({ consoleWindow, app }) => {
  const preferences = await app.evaluate(({ webContents }) => {
    const contents = webContents.getAllWebContents()[0] as unknown as {
      getLastWebPreferences: () => Record<string, unknown>;
    };
    return contents.getLastWebPreferences();
  });
  expect(preferences).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    webviewTag: false,
  });
  const found = await consoleWindow.page.evaluate(() =>
    [
      'require',
      'process',
      'module',
      'exports',
      'Buffer',
      'global',
      'electron',
      'ipcRenderer',
    ].filter((name) => name in globalThis),
  );
  expect(found).toEqual([]);
});

test('the bridge holds one function a procedure, and nothing of Electron', async ({
  consoleWindow,
}) => {
  const bridge = await consoleWindow.page.evaluate(() => {
    const { creditConsole } = window;
    if (!creditConsole) throw new Error('the page has no bridge');
    const call: unknown = creditConsole.call;
    try {
      Object.assign(call as object, { 'customers.list': () => 'replaced' });
    } catch {
      // Frozen: that is what this tries.
    }
    return {
      members: Object.keys(creditConsole).sort(),
      names: Object.keys(creditConsole.call).sort(),
      replaced: String(creditConsole.call['customers.list']).includes('replaced'),
      unsubscribed: typeof creditConsole.onEvent(() => undefined),
    };
  });
  expect(bridge).toEqual({
    members: ['call', 'cancel', 'onEvent'],
    names: [...PROCEDURE_NAMES].sort(),
    replaced: false,
    unsubscribed: 'function',
  });
});

test('events reach the page without the event object of Electron', async ({ consoleWindow }) => {
  // Listening first, and only then the menu: an event sent before somebody listens is gone.
  const seen = await consoleWindow.page.evaluateHandle(() => {
    const listen = window.creditConsole?.onEvent as unknown as (
      listener: (...args: object[]) => void,
    ) => void;
    const heard: { count: number; keys: string[] }[] = [];
    listen((...args) =>
      heard.push({ count: args.length, keys: Object.keys(args[0] ?? {}).sort() }),
    );
    return heard;
  });
  await consoleWindow.chooseMenu('Go', 'Usage');
  await expect
    // Others come by themselves, such as that Stripe's inbox changed.
    .poll(() => seen.evaluate((heard) => heard.find(({ keys }) => keys.includes('to'))))
    .toEqual({ count: 1, keys: ['to', 'type'] });
  expect(await seen.evaluate((heard) => heard.every(({ count }) => count === 1))).toBe(true);
});

test('a call from another window is refused, even with the same preload', async ({
  app,
  consoleWindow,
}) => {
  const code = await app.evaluate(async ({ app: electronApp, BrowserWindow }) => {
    const preload = `${electronApp.getAppPath()}/out/preload/preload.cjs`;
    const other = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } });
    await other.loadURL('about:blank');
    const reply = (await other.webContents.executeJavaScript(
      `window.creditConsole.call['settings.session']({}, 'call-1')`,
    )) as { ok: boolean; error?: { code: string } };
    other.destroy();
    return reply.error?.code;
  });
  expect(code).toBe('sender_refused');
  expect((await consoleWindow.callRaw('settings.session', {})).ok).toBe(true);
});

test('bad calls get a code of the closed list', async ({ consoleWindow }) => {
  for (const input of [null, 'text', { extra: 1 }, { note: 'x'.repeat(1_048_576) }]) {
    expect(await consoleWindow.callRaw('settings.session', input)).toMatchObject({
      ok: false,
      error: { code: 'invalid_argument' },
    });
  }
});

/** Ways out that a hostile text might try, were it ever run as script. */
const WAYS_OUT = {
  'by script': () => window.location.assign('https://evil.example/script'),
  'by replacing': () => window.location.replace('https://evil.example/replace'),
  'to a file': () => window.location.assign('file:///etc/passwd'),
  'to another host of the scheme': () => window.location.assign('app://evil/index.html'),
  'by a link': () => {
    const link = document.createElement('a');
    link.href = 'https://evil.example/link';
    document.body.append(link);
    link.click();
  },
  'by a form': () => {
    const form = document.createElement('form');
    form.action = 'https://evil.example/form';
    form.method = 'post';
    document.body.append(form);
    form.submit();
  },
  'by a refresh': () => {
    const meta = document.createElement('meta');
    meta.httpEquiv = 'refresh';
    meta.content = '0;url=https://evil.example/refresh';
    document.head.append(meta);
  },
};

test('the page cannot leave', async ({ consoleWindow, app, dataFolder }) => {
  const before = consoleWindow.page.url();
  for (const [way, go] of Object.entries(WAYS_OUT)) {
    await test.step(way, async () => {
      await consoleWindow.page.evaluate(go);
      // The answer of a call comes after the navigation that was begun before it.
      await consoleWindow.call('settings.session', {});
      expect(consoleWindow.page.url()).toBe(before);
    });
  }
  expect(app.windows()).toHaveLength(1);
  // Refused by the app, not for want of a network.
  const log = await readFile(join(dataFolder, 'logs', 'main.log'), 'utf8');
  for (const way of ['script', 'replace', 'link', 'refresh']) {
    expect(log).toContain(`Refused: navigation to https://evil.example/${way}`);
  }
  expect(await isPrevented(app, 'will-redirect')).toBe(true);
});

test('no new window opens', async ({ consoleWindow, app }) => {
  const opened = await consoleWindow.page.evaluate((address) => {
    const link = document.createElement('a');
    link.href = address;
    link.target = '_blank';
    document.body.append(link);
    link.click();
    return [
      window.open(address),
      window.open('about:blank'),
      window.open('app://console/index.html'),
    ];
  }, OUTSIDE);
  expect(opened).toEqual([null, null, null]);
  expect(app.windows()).toHaveLength(1);
});

test('no webview is attached, and no foreign frame is shown', async ({ consoleWindow, app }) => {
  expect(await isPrevented(app, 'will-attach-webview')).toBe(true);
  const frames = await consoleWindow.page.evaluate(async (address) => {
    const frame = document.createElement('iframe');
    frame.src = address;
    const loaded = new Promise((resolve) => {
      frame.onload = resolve;
    });
    document.body.append(frame, document.createElement('webview'));
    await loaded;
    const inside = frame.contentWindow as unknown as { creditConsole?: unknown } | null;
    try {
      return { bridge: inside?.creditConsole !== undefined };
    } catch {
      // An error page of another origin: its inside cannot be seen, and it cannot see ours.
      return { bridge: false };
    }
  }, OUTSIDE);
  expect(frames).toEqual({ bridge: false });
  const addresses = consoleWindow.page.frames().map((frame) => frame.url());
  expect(addresses.some((address) => address.startsWith(OUTSIDE))).toBe(false);
});

test('every permission is denied but writing to the clipboard', async ({ consoleWindow }) => {
  const states = await consoleWindow.page.evaluate(async () => {
    const failed = (work: Promise<unknown>) =>
      work.then(
        () => 'granted',
        () => 'denied',
      );
    const asked = [
      'geolocation',
      'camera',
      'microphone',
      'notifications',
      'midi',
      'clipboard-read',
    ];
    const entries = await Promise.all(
      asked.map(async (name) => {
        const { state } = await navigator.permissions.query({ name: name as PermissionName });
        return [name, state] as const;
      }),
    );
    return {
      ...Object.fromEntries(entries),
      notification: await Notification.requestPermission(),
      media: await failed(navigator.mediaDevices.getUserMedia({ video: true, audio: true })),
      screen: await failed(navigator.mediaDevices.getDisplayMedia({ video: true })),
      position: await failed(
        new Promise((resolve, reject) => {
          navigator.geolocation.getCurrentPosition(resolve, reject);
        }),
      ),
      readClipboard: await failed(navigator.clipboard.readText()),
    };
  });
  expect(new Set(Object.values(states))).toEqual(new Set(['denied']));
});

test('ids can be copied', async ({ consoleWindow, app }) => {
  // All programs of a screen share one clipboard, and the test beside this one may use it at the same moment.
  await expect(async () => {
    await consoleWindow.page.evaluate(() => navigator.clipboard.writeText('usr_42'));
    expect(await app.evaluate(({ clipboard }) => clipboard.readText())).toBe('usr_42');
  }).toPass();
});

test('no device is given away', async ({ app, consoleWindow }) => {
  const chosen = await app.evaluate(({ session }) => {
    const answers: unknown[] = [];
    let prevented = 0;
    const event = {
      preventDefault: () => {
        prevented += 1;
      },
    };
    const { defaultSession } = session;
    const emit = defaultSession.emit.bind(defaultSession) as (
      name: string,
      ...args: unknown[]
    ) => boolean;
    const choose = (answer: unknown) => answers.push(answer ?? null);
    emit('select-hid-device', event, { deviceList: [{ deviceId: 'x' }] }, choose);
    emit('select-usb-device', event, { deviceList: [{ deviceId: 'x' }] }, choose);
    emit('select-serial-port', event, [{ portId: 'x' }], {}, choose);
    return { answers, prevented };
  });
  expect(chosen).toEqual({ answers: [null, null, ''], prevented: 3 });
  const reachable = await consoleWindow.page.evaluate(async () => {
    const devices = navigator as unknown as Record<
      'usb' | 'hid' | 'serial',
      { getDevices?: () => Promise<unknown[]>; getPorts?: () => Promise<unknown[]> } | undefined
    >;
    return Promise.all([
      devices.usb?.getDevices?.().catch(() => []),
      devices.hid?.getDevices?.().catch(() => []),
      devices.serial?.getPorts?.().catch(() => []),
    ]);
  });
  expect(reachable.flat().filter((device) => device !== undefined)).toEqual([]);
});

test('nothing is downloaded', async ({ app, consoleWindow }) => {
  const prevented = await app.evaluate(({ session }) => {
    let count = 0;
    const emit = session.defaultSession.emit.bind(session.defaultSession) as (
      name: string,
      ...args: unknown[]
    ) => boolean;
    emit(
      'will-download',
      {
        preventDefault: () => {
          count += 1;
        },
      },
      {},
      {},
    );
    return count;
  });
  expect(prevented).toBe(1);
  await consoleWindow.call('settings.session', {});
});

test('the content security policy stops foreign script, style, image and connection', async ({
  consoleWindow,
}) => {
  const result = await consoleWindow.page.evaluate(async (outside) => {
    const outcome: Record<string, unknown> = {};
    const script = document.createElement('script');
    script.textContent = 'window.injected = true';
    document.body.append(script);
    outcome.inlineScript = 'injected' in window;

    const button = document.createElement('button');
    button.setAttribute('onclick', 'window.clicked = true');
    document.body.append(button);
    button.click();
    outcome.inlineHandler = 'clicked' in window;

    const style = document.createElement('style');
    style.textContent = 'body { outline: 7px solid red !important }';
    document.head.append(style);
    outcome.inlineStyle = getComputedStyle(document.body).outlineWidth === '7px';

    const failed = (work: () => Promise<unknown>) =>
      work().then(
        () => 'reached',
        () => 'refused',
      );
    outcome.fetchOutside = await failed(() => fetch(outside));
    outcome.fetchOwn = await failed(() => fetch('app://console/index.html'));
    outcome.fetchFile = await failed(() => fetch('file:///etc/passwd'));
    outcome.importOutside = await failed(() => import(/* @vite-ignore */ `${outside}x.js`));
    outcome.image = await failed(
      () =>
        new Promise((resolve, reject) => {
          const image = new Image();
          image.onload = resolve;
          image.onerror = reject;
          image.src = `${outside}x.png`;
        }),
    );
    outcome.beacon = navigator.sendBeacon(outside) ? 'queued' : 'refused';
    return outcome;
  }, OUTSIDE);
  expect(result).toMatchObject({
    inlineScript: false,
    inlineHandler: false,
    inlineStyle: false,
    fetchOutside: 'refused',
    fetchOwn: 'refused',
    fetchFile: 'refused',
    importOutside: 'refused',
    image: 'refused',
  });
});

test('the session itself lets no request out, whatever a policy says', async ({
  app,
  consoleWindow,
}) => {
  const reached = await app.evaluate(async ({ session }, address) => {
    try {
      await session.defaultSession.fetch(address);
      return 'reached';
    } catch (error) {
      return String(error);
    }
  }, OUTSIDE);
  expect(reached).toContain('ERR_BLOCKED_BY_CLIENT');
  await consoleWindow.call('settings.session', {});
});

test('the app scheme serves its folder, by GET, and nothing above it', async ({
  app,
  consoleWindow,
}) => {
  const statuses = await app.evaluate(async ({ net }) => {
    const status = async (address: string, method = 'GET') =>
      (await net.fetch(address, { method })).status;
    return {
      page: await status('app://console/index.html'),
      above: await status('app://console/..%2f..%2fpackage.json'),
      encoded: await status('app://console/%2e%2e%2fmain%2fmain.js'),
      post: await status('app://console/index.html', 'POST'),
    };
  });
  expect(statuses).toEqual({ page: 200, above: 404, encoded: 404, post: 405 });
  await consoleWindow.call('settings.session', {});
});

test('the browser opens only https, and only after the person agreed to the host', async ({
  consoleWindow,
  app,
}) => {
  await app.evaluate(({ dialog, shell }) => {
    const record = { asked: [] as string[], opened: [] as string[], answer: 1 };
    (globalThis as unknown as { record: typeof record }).record = record;
    dialog.showMessageBox = (async (...args: unknown[]) => {
      const options = args.at(-1) as { message: string };
      record.asked.push(options.message);
      return { response: record.answer, checkboxChecked: false };
    }) as typeof dialog.showMessageBox;
    shell.openExternal = async (address) => {
      record.opened.push(address);
    };
  });
  const recorded = () =>
    app.evaluate(() => {
      const { asked, opened } = (
        globalThis as unknown as { record: { asked: string[]; opened: string[] } }
      ).record;
      return { asked, opened };
    });
  const openLink = (url: string) => consoleWindow.callRaw('settings.openCaseLink', { url });

  for (const url of ['http://tickets.example/1', 'file:///etc/passwd', 'javascript:alert(1)']) {
    expect(await openLink(url)).toMatchObject({ ok: false, error: { code: 'invalid_argument' } });
  }
  expect(await recorded()).toEqual({ asked: [], opened: [] });

  expect(await openLink('https://tickets.example/1')).toMatchObject({ ok: true });
  expect((await recorded()).opened).toEqual([]);
  await app.evaluate(() => {
    (globalThis as unknown as { record: { answer: number } }).record.answer = 0;
  });
  await openLink('https://tickets.example/1');
  await openLink('https://tickets.example/2');
  expect(await recorded()).toEqual({
    asked: Array.from({ length: 2 }, () => 'Open tickets.example in the browser?'),
    opened: ['https://tickets.example/1', 'https://tickets.example/2'],
  });
});

test('the console’s files can be read by their user only', async ({
  consoleWindow,
  dataFolder,
}) => {
  test.skip(process.platform === 'win32', 'modes are a matter of POSIX systems');
  await consoleWindow.call('settings.updatePreferences', { density: 'compact' });
  const open: string[] = [];
  for (const path of ['', '/settings.json', '/postgresql.json', '/logs/main.log']) {
    if (((await stat(`${dataFolder}${path}`)).mode & 0o007) !== 0) open.push(path);
  }
  expect(open).toEqual([]);
});

/** Whether the app prevents an event of its page that this test cannot cause from the page. */
function isPrevented(app: ElectronApplication, name: string) {
  return app.evaluate(({ webContents }, event) => {
    const contents = webContents.getAllWebContents()[0];
    let prevented = false;
    const emit = contents?.emit.bind(contents) as
      | ((name: string, ...args: unknown[]) => boolean)
      | undefined;
    emit?.(
      event,
      {
        preventDefault: () => {
          prevented = true;
        },
        url: 'https://evil.example/',
      },
      {},
      {},
    );
    return prevented;
  }, name);
}
