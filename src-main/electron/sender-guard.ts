import { APP_HOST, APP_SCHEME } from './app-protocol.ts';

/** What the guard looks at, of an IPC event: taken apart from Electron so that it can be tried with every lie. */
export type CallOrigin = {
  /** Id of the web contents that sent it. */
  readonly contentsId: number;
  /** The address of the sending frame; undefined where the frame is gone already. */
  readonly frameUrl: string | undefined;
  readonly isMainFrame: boolean;
};

/** True for a call from the main frame of one of our windows, showing our own page. */
export function isTrustedOrigin(origin: CallOrigin, ourContentsIds: ReadonlySet<number>): boolean {
  if (!ourContentsIds.has(origin.contentsId) || !origin.isMainFrame) return false;
  if (origin.frameUrl === undefined) return false;
  try {
    const url = new URL(origin.frameUrl);
    return url.protocol === `${APP_SCHEME}:` && url.host === APP_HOST;
  } catch {
    return false;
  }
}
