import {
  FuseState,
  FuseV1Options,
  FuseVersion,
  flipFuses,
  getCurrentFuseWire,
} from '@electron/fuses';

/**
 * What the packaged program may not do, whatever its code or its environment asks for. Each with its reason.
 * @type {Record<keyof typeof FuseV1Options, boolean>}
 */
export const strictFuses = {
  // ELECTRON_RUN_AS_NODE would make a signed Node of it for any script.
  RunAsNode: false,
  EnableCookieEncryption: true,
  // NODE_OPTIONS and --inspect would let anyone who starts it run code inside it.
  EnableNodeOptionsEnvironmentVariable: false,
  EnableNodeCliInspectArguments: false,
  // The app's code is the archive that was packed, and nothing beside it (checked on macOS and Windows).
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  LoadBrowserProcessSpecificV8Snapshot: false,
  // The renderer comes from app://; file:// gets no privileges.
  GrantFileProtocolExtraPrivileges: false,
  WasmTrapHandlers: true,
};

/**
 * Sets the fuses of a packaged program. An Electron older than a fuse does not have it, and is left without.
 * @param {string} executable
 */
export async function setFuses(executable) {
  const present = await readFuses(executable);
  const config = Object.fromEntries(
    [...present.keys()].map((name) => [FuseV1Options[name], strictFuses[name]]),
  );
  await flipFuses(executable, {
    version: FuseVersion.V1,
    resetAdHocDarwinSignature: process.platform === 'darwin',
    ...config,
  });
}

/**
 * The fuses a program has, and whether each is on.
 * @param {string} executable
 * @returns {Promise<Map<keyof typeof FuseV1Options, boolean>>}
 */
export async function readFuses(executable) {
  /** @type {Partial<Record<number, FuseState>>} */
  const wire = await getCurrentFuseWire(executable);
  const names = /** @type {(keyof typeof FuseV1Options)[]} */ (Object.keys(strictFuses));
  return new Map(
    names
      .map((name) => /** @type {const} */ ([name, wire[FuseV1Options[name]]]))
      .filter(([, state]) => state === FuseState.ENABLE || state === FuseState.DISABLE)
      .map(([name, state]) => [name, state === FuseState.ENABLE]),
  );
}
