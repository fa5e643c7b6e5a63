import { afterEach, describe, expect, it, vi } from 'vitest';
import { findKeyStore } from '#main/electron/secrets.ts';

const { safeStorage } = vi.hoisted(() => ({ safeStorage: {} as Record<string, unknown> }));
vi.mock('electron', () => ({ app: { whenReady: async () => undefined }, safeStorage }));

const platform = Object.getOwnPropertyDescriptor(process, 'platform') ?? {};

/** What safeStorage is on one platform and version of Electron. */
function become(system: NodeJS.Platform, storage: Record<string, unknown>): void {
  Object.defineProperty(process, 'platform', { ...platform, value: system });
  for (const name of Object.keys(safeStorage)) delete safeStorage[name];
  Object.assign(safeStorage, storage);
}
afterEach(() => Object.defineProperty(process, 'platform', platform));

const oldElectron = (backend: string, available = true) => ({
  getSelectedStorageBackend: () => backend,
  isEncryptionAvailable: () => available,
  encryptString: (text: string) => Buffer.from(`old:${text}`),
  decryptString: (bytes: Buffer) => bytes.toString().replace('old:', ''),
});
const newElectron = (backend: string, available = true) => ({
  ...oldElectron(backend),
  isAsyncEncryptionAvailable: async () => available,
  encryptStringAsync: async (text: string) => Buffer.from(`new:${text}`),
  decryptStringAsync: async (bytes: Buffer) => ({
    result: bytes.toString().replace('new:', ''),
    shouldReEncrypt: false,
  }),
});

describe.each([
  ['Electron 33', oldElectron, 'old:pass'],
  ['Electron 45', newElectron, 'new:pass'],
])('on %s', (_version, electron, encrypted) => {
  it.each([
    ['linux', 'gnome_libsecret', 'GNOME Keyring (Secret Service)'],
    ['linux', 'kwallet6', 'KWallet'],
    ['darwin', '', 'macOS Keychain'],
    ['win32', '', 'Windows Data Protection'],
  ] as const)('%s with %s has a key store', async (system, backend, name) => {
    become(system, electron(backend));
    const cipher = await findKeyStore();
    expect(cipher?.name).toBe(name);
    const bytes = await cipher?.encrypt('pass');
    expect(bytes?.toString()).toBe(encrypted);
    expect(await cipher?.decrypt(bytes ?? Buffer.alloc(0))).toBe('pass');
  });

  it.each(['basic_text', 'unknown', 'something new'])(
    'linux with %s has none, whatever it says of itself',
    async (backend) => {
      become('linux', electron(backend));
      expect(await findKeyStore()).toBeUndefined();
    },
  );

  it('a key store that cannot be used is none', async () => {
    become('linux', electron('gnome_libsecret', false));
    expect(await findKeyStore()).toBeUndefined();
  });
});
