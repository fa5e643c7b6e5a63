import type { App, Session, WebContents } from 'electron';
import { APP_ORIGIN } from './app-protocol.ts';

/**
 * The one permission the page has: writing text to the clipboard after a click, for copying ids. Reading the clipboard,
 * and everything else, is refused.
 */
const ALLOWED_PERMISSION = 'clipboard-sanitized-write';

/** Denies a session what our page never needs: permissions, devices, downloads, screen capture, and every address but its own. */
export function hardenSession(session: Session, options: { allowDeveloperTools: boolean }): void {
  const isAllowed = (permission: string, address: string | undefined) =>
    permission === ALLOWED_PERMISSION && isOurs(address);
  session.setPermissionRequestHandler((_contents, permission, answer, details) =>
    answer(isAllowed(permission, details.requestingUrl)),
  );
  session.setPermissionCheckHandler((_contents, permission, origin) =>
    isAllowed(permission, origin),
  );
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => answer({}));
  session.setBluetoothPairingHandler((_details, answer) => answer({ confirmed: false }));
  session.on('select-hid-device', (event, _details, choose) => {
    event.preventDefault();
    choose(null);
  });
  session.on('select-usb-device', (event, _details, choose) => {
    event.preventDefault();
    choose();
  });
  session.on('select-serial-port', (event, _ports, _contents, choose) => {
    event.preventDefault();
    choose('');
  });
  session.on('will-download', (event) => event.preventDefault());
  const addresses = [`${APP_ORIGIN}/`, ...(options.allowDeveloperTools ? ['devtools://'] : [])];
  session.webRequest.onBeforeRequest((request, answer) =>
    answer({ cancel: !addresses.some((address) => request.url.startsWith(address)) }),
  );
}

/** Denies every page of the app to go anywhere: navigation, redirects, new windows, webviews. */
export function hardenContents(app: App, onRefused: (what: string, address: string) => void): void {
  app.on('web-contents-created', (_event, contents: WebContents) => {
    const refuse = (what: string) => (event: Electron.Event<{ url?: string }>) => {
      event.preventDefault();
      onRefused(what, event.url ?? '');
    };
    contents.on('will-navigate', refuse('navigation'));
    contents.on('will-frame-navigate', refuse('navigation'));
    contents.on('will-redirect', refuse('redirect'));
    contents.on('will-attach-webview', refuse('webview'));
    contents.on('select-bluetooth-device', (event, _devices, choose) => {
      event.preventDefault();
      choose('');
    });
    contents.setWindowOpenHandler(({ url }) => {
      onRefused('new window', url);
      return { action: 'deny' };
    });
  });
}

function isOurs(address: string | undefined): boolean {
  return address === APP_ORIGIN || address?.startsWith(`${APP_ORIGIN}/`) === true;
}
