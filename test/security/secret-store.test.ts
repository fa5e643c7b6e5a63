import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '#main/logging/log.ts';
import { type Cipher, createSecretStore } from '#main/settings/secret-store.ts';

let dataFolder: string;
let logLines: string[];
beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'credit-console-secrets-'));
  logLines = [];
});
afterEach(() => rm(dataFolder, { recursive: true, force: true }));

/** Stands for the operating system's key store: one key, and nothing readable in what it makes. */
function keyStore(key = 0x5a): Cipher {
  const flip = (bytes: Buffer) => Buffer.from(bytes.map((byte) => byte ^ key));
  return {
    name: 'Test Keyring',
    encrypt: async (text) => flip(Buffer.from(`ok:${text}`)),
    decrypt: async (encrypted) => {
      const text = flip(encrypted).toString();
      if (!text.startsWith('ok:')) throw new Error('wrong key');
      return text.slice(3);
    },
  };
}

function open(findCipher: () => Promise<Cipher | undefined>) {
  return createSecretStore({
    dataFolder,
    findCipher,
    log: createLog((line) => logLines.push(line)),
  });
}
const secretsFile = () => join(dataFolder, 'secrets.json');

describe('with a key store', () => {
  it('a secret outlives the console, encrypted, in a file of its user alone', async () => {
    expect(await open(async () => keyStore()).set('team', 'hunter2-ü')).toBe('key_store');
    const again = open(async () => keyStore());
    expect(await again.get('team')).toBe('hunter2-ü');
    expect(await again.place('team')).toBe('key_store');
    expect(await again.keyStore()).toBe('Test Keyring');
    const text = await readFile(secretsFile(), 'utf8');
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain(Buffer.from('hunter2').toString('base64').slice(0, 8));
    if (process.platform !== 'win32') {
      expect((await stat(secretsFile())).mode & 0o777).toBe(0o600);
    }
  });

  it('a file that somebody opened to others is closed again', async () => {
    await open(async () => keyStore()).set('team', 'hunter2');
    await chmod(secretsFile(), 0o644);
    await open(async () => keyStore()).get('team');
    expect((await stat(secretsFile())).mode & 0o777).toBe(0o600);
  });

  it('what another key encrypted counts as missing and is asked again', async () => {
    await open(async () => keyStore(1)).set('team', 'hunter2');
    const moved = open(async () => keyStore(2));
    expect(await moved.get('team')).toBeUndefined();
    expect(await moved.place('team')).toBe('missing');
    expect(logLines.join()).not.toContain('hunter2');
  });

  it('secrets that are saved at once are all kept, also under odd names', async () => {
    const secrets = open(async () => keyStore());
    const ids = ['a', 'b', '__proto__', 'constructor', 'c'];
    await Promise.all(ids.map((id) => secrets.set(id, `secret of ${id}`)));
    const again = open(async () => keyStore());
    for (const id of ids) expect(await again.get(id)).toBe(`secret of ${id}`);
    await again.remove('a');
    expect(await again.get('a')).toBeUndefined();
    expect(await again.get('b')).toBe('secret of b');
  });

  it('that refuses at the moment of saving, the secret stays in memory, never in plain text on disk', async () => {
    const secrets = open(async () => ({
      ...keyStore(),
      encrypt: async () => {
        throw new Error('locked');
      },
    }));
    expect(await secrets.set('team', 'hunter2')).toBe('memory');
    expect(await secrets.get('team')).toBe('hunter2');
    expect(await readdir(dataFolder)).toEqual([]);
  });
});

describe('without a key store', () => {
  it.each([
    ['there is none', async () => undefined],
    ['it fails', () => Promise.reject(new Error('no bus'))],
  ])('because %s, secrets are in memory only', async (_why, findCipher) => {
    const secrets = open(findCipher);
    expect(await secrets.keyStore()).toBeUndefined();
    expect(await secrets.set('team', 'hunter2')).toBe('memory');
    expect(await secrets.place('team')).toBe('memory');
    expect(await secrets.get('team')).toBe('hunter2');
    expect(await readdir(dataFolder)).toEqual([]);
    expect(await open(findCipher).get('team')).toBeUndefined();
  });
});

describe('the key store', () => {
  it('is not bothered as long as there is no secret', async () => {
    let asked = 0;
    const secrets = open(async () => {
      asked += 1;
      return keyStore();
    });
    expect(await secrets.place('team')).toBe('missing');
    expect(asked).toBe(0);
    await secrets.set('team', 'x');
    await secrets.get('team');
    expect(asked).toBe(1);
  });
});

describe('a broken secrets file', () => {
  it('makes secrets missing, and does not stop new ones', async () => {
    await writeFile(secretsFile(), '{"format":1,"secrets":{"team":');
    const secrets = open(async () => keyStore());
    expect(await secrets.get('team')).toBeUndefined();
    expect(await secrets.set('team', 'new')).toBe('key_store');
    expect(await secrets.get('team')).toBe('new');
  });
});
