import { app, safeStorage } from 'electron';
import type { Cipher } from '../settings/secret-store.ts';

/** The asynchronous half of safeStorage, which Electron 33 does not have. */
type AsyncSafeStorage = {
  isAsyncEncryptionAvailable: () => Promise<boolean>;
  encryptStringAsync: (text: string) => Promise<Buffer>;
  decryptStringAsync: (encrypted: Buffer) => Promise<{ result: string }>;
};

const KEY_STORES: Readonly<Record<string, string>> = {
  gnome_libsecret: 'GNOME Keyring (Secret Service)',
  kwallet: 'KWallet',
  kwallet5: 'KWallet',
  kwallet6: 'KWallet',
};

/**
 * The operating system's key store by way of safeStorage; undefined where there is none. On Linux without a key store
 * Electron encrypts with a key that everybody knows (`basic_text`): that counts as none.
 */
export async function findKeyStore(): Promise<Cipher | undefined> {
  await app.whenReady();
  const name = keyStoreName();
  if (name === undefined) return undefined;
  const storage: Partial<AsyncSafeStorage> = safeStorage;
  if (storage.isAsyncEncryptionAvailable) {
    return (await storage.isAsyncEncryptionAvailable()) ? asynchronous(name) : undefined;
  }
  if (!safeStorage.isEncryptionAvailable()) return undefined;
  return {
    name,
    encrypt: async (text) => safeStorage.encryptString(text),
    decrypt: async (encrypted) => safeStorage.decryptString(encrypted),
  };
}

function asynchronous(name: string): Cipher {
  return {
    name,
    encrypt: (text) => safeStorage.encryptStringAsync(text),
    decrypt: async (encrypted) => (await safeStorage.decryptStringAsync(encrypted)).result,
  };
}

function keyStoreName(): string | undefined {
  if (process.platform === 'darwin') return 'macOS Keychain';
  if (process.platform === 'win32') return 'Windows Data Protection';
  return KEY_STORES[safeStorage.getSelectedStorageBackend()];
}
