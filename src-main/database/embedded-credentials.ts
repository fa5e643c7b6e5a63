import { randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import { diskFull, folderError, isNodeError } from './embedded-cluster.ts';

const loginSchema = z.strictObject({ name: z.string().min(1), password: z.string().min(20) });

const credentialsSchema = z.strictObject({
  format: z.literal(1),
  /** `creating` until the cluster stands: a start that was cut before it is simply repeated. */
  state: z.enum(['creating', 'ready']),
  /** The port of the last start, tried first at the next. */
  port: z.number().int().min(1).max(65_535),
  superuser: loginSchema,
  console: loginSchema,
  /** PostgreSQL's own number of the cluster these passwords belong to. */
  systemIdentifier: z.string().regex(/^\d+$/).nullable(),
});

/** What the console must remember of its embedded database, passwords included. Only its user may read the file. */
export type Credentials = z.infer<typeof credentialsSchema>;

export function newCredentials(port: number): Credentials {
  const password = () => randomBytes(32).toString('base64url');
  return {
    format: 1,
    state: 'creating',
    port,
    superuser: { name: 'postgres', password: password() },
    console: { name: 'credit_console', password: password() },
    systemIdentifier: null,
  };
}

/** Reads the file; undefined where there is none. Closes it to others should somebody have opened it. */
export async function readCredentials(file: string): Promise<Credentials | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isNodeError(error, 'ENOENT')) return undefined;
    throw folderError(
      `${file}, which holds the embedded database's passwords, cannot be read. Nothing was changed. ` +
        'Check who may read it, then try again.',
      { file },
      error,
    );
  }
  const parsed = credentialsSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw folderError(
      `${file}, which holds the embedded database's passwords, is damaged. The database itself was not touched. ` +
        'Restore the file from a backup, then try again.',
      { file },
    );
  }
  if (process.platform !== 'win32') await chmod(file, 0o600);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes the file whole or not at all, mode 0600, on the disk before it returns. */
export async function writeCredentials(file: string, credentials: Credentials): Promise<void> {
  const unfinished = `${file}.new-${process.pid}`;
  try {
    const handle = await open(unfinished, 'w', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(credentials, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    if (isNodeError(error, 'ENOSPC', 'EDQUOT')) throw diskFull(file, error);
    throw error;
  }
}
