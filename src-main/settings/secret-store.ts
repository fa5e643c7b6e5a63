import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Log } from '../logging/log.ts';
import { writeFileAtomically } from './atomic-file.ts';

/** Encrypts with a key that the operating system keeps for this user. */
export type Cipher = {
  /** The key store's name, such as "Keychain". */
  readonly name: string;
  readonly encrypt: (text: string) => Promise<Buffer>;
  readonly decrypt: (encrypted: Buffer) => Promise<string>;
};

export type SecretPlace = 'key_store' | 'memory' | 'missing';

/** The passwords of connections, by connection id. They leave it only towards the database driver. */
export type SecretStore = {
  /** The name of the operating system's key store; undefined where there is none and secrets last until the console closes. */
  readonly keyStore: () => Promise<string | undefined>;
  readonly place: (id: string) => Promise<SecretPlace>;
  readonly get: (id: string) => Promise<string | undefined>;
  /** Keeps a secret, on disk only where the key store encrypts it. */
  readonly set: (id: string, secret: string) => Promise<SecretPlace>;
  readonly remove: (id: string) => Promise<void>;
};

const secretsFileSchema = z.strictObject({
  format: z.literal(1),
  /** A list rather than an object by id: no id can mean anything to JavaScript. Base64 of what the key store's cipher made. */
  secrets: z.array(z.strictObject({ id: z.string(), encrypted: z.base64() })),
});

/**
 * Secrets in `secrets.json` of the data folder, each encrypted by the key store; in memory where `findCipher` finds none.
 * A secret that cannot be decrypted any more (another key store, another user) counts as missing and is asked again.
 * The cipher is looked for once, at the first need: key stores may ask the person to unlock them.
 */
export function createSecretStore(options: {
  dataFolder: string;
  findCipher: () => Promise<Cipher | undefined>;
  log: Log;
}): SecretStore {
  const file = join(options.dataFolder, 'secrets.json');
  const inMemory = new Map<string, string>();
  let cipherSearch: Promise<Cipher | undefined> | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  function cipher(): Promise<Cipher | undefined> {
    cipherSearch ??= options.findCipher().catch((error: unknown) => {
      options.log.warn('The key store cannot be used; passwords are kept in memory only.', error);
      return undefined;
    });
    return cipherSearch;
  }

  /** One change after the other, so that none is lost. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  }

  async function readAll(): Promise<Map<string, string>> {
    try {
      const parsed = secretsFileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
      if (process.platform !== 'win32') await chmod(file, 0o600);
      return new Map(parsed.secrets.map(({ id, encrypted }) => [id, encrypted]));
    } catch (error) {
      if (!isMissingFile(error)) {
        options.log.warn(`${file} cannot be read; the passwords in it are asked again.`, error);
      }
      return new Map();
    }
  }

  async function change(edit: (secrets: Map<string, string>) => void): Promise<void> {
    const secrets = await readAll();
    edit(secrets);
    const content: z.input<typeof secretsFileSchema> = {
      format: 1,
      secrets: [...secrets].map(([id, encrypted]) => ({ id, encrypted })),
    };
    await writeFileAtomically(file, `${JSON.stringify(content)}\n`);
  }

  async function decrypted(id: string): Promise<string | undefined> {
    // Without any file the key store is not bothered.
    const encrypted = (await readAll()).get(id);
    if (encrypted === undefined) return undefined;
    try {
      return await (await cipher())?.decrypt(Buffer.from(encrypted, 'base64'));
    } catch (error) {
      options.log.warn('A stored password cannot be decrypted; it is asked again.', error);
      return undefined;
    }
  }

  return {
    keyStore: async () => (await cipher())?.name,
    async place(id) {
      if (inMemory.has(id)) return 'memory';
      return (await decrypted(id)) === undefined ? 'missing' : 'key_store';
    },
    get: async (id) => inMemory.get(id) ?? decrypted(id),
    set: (id, secret) =>
      inTurn(async () => {
        const keyStore = await cipher();
        if (keyStore) {
          try {
            const encrypted = (await keyStore.encrypt(secret)).toString('base64');
            await change((secrets) => secrets.set(id, encrypted));
            inMemory.delete(id);
            return 'key_store';
          } catch (error) {
            options.log.warn('The key store refused; a password is kept in memory only.', error);
          }
        }
        inMemory.set(id, secret);
        return 'memory';
      }),
    remove: (id) =>
      inTurn(async () => {
        inMemory.delete(id);
        if ((await readAll()).has(id)) await change((secrets) => secrets.delete(id));
      }),
  };
}

function isMissingFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
