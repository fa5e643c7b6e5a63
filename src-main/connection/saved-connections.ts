import { randomUUID } from 'node:crypto';
import { parseConnectionUrl } from '#main/database/connection-url.ts';
import { AppError } from '#shared/errors.ts';
import type { Connection } from '#shared/ipc/settings.ts';
import type { SecretStore } from '../settings/secret-store.ts';
import { EMBEDDED_ID, type SavedConnection, type SettingsFile } from '../settings/settings-file.ts';
import { isSameLogin } from './driver-url.ts';

export type ConnectionFields = Pick<
  SavedConnection,
  'name' | 'color' | 'environment' | 'allowUnverifiedTls'
> & { url: string };

/** The list of connections: fields in the settings, passwords in the secret store. */
export type SavedConnections = ReturnType<typeof createSavedConnections>;

export function createSavedConnections(settings: SettingsFile, secrets: SecretStore) {
  function get(id: string): SavedConnection {
    const found = settings.current().connections.find((each) => each.id === id);
    if (!found) {
      throw new AppError('not_found', 'There is no such connection any more. Nothing was changed.');
    }
    return found;
  }

  async function describe(saved: SavedConnection): Promise<Connection> {
    const { expectsPassword, ...fields } = saved;
    const place = saved.kind === 'embedded' ? 'none' : await secrets.place(saved.id);
    return { ...fields, password: place === 'missing' && !expectsPassword ? 'none' : place };
  }

  return {
    get,
    active: () => get(settings.current().activeId),
    describe,
    list: () => Promise.all(settings.current().connections.map(describe)),

    /** Adds or changes a connection. Throws `invalid_argument` on field `url`, and what the files throw. */
    async save(id: string | null, fields: ConnectionFields): Promise<Connection> {
      if (id === EMBEDDED_ID) {
        const { name, color, environment } = fields;
        await change(id, (saved) => ({ ...saved, name, color, environment }));
        return describe(get(id));
      }
      const before = id === null ? undefined : get(id);
      const { url, password } = parseConnectionUrl(fields.url, fields);
      const savedId = id ?? randomUUID();
      // A stored password goes to the server and login it was entered for, and to no other.
      const keepsPassword = before?.url ? isSameLogin(before.url, url) : false;
      const saved: SavedConnection = {
        id: savedId,
        kind: 'url',
        name: fields.name,
        color: fields.color,
        environment: fields.environment,
        url,
        allowUnverifiedTls: fields.allowUnverifiedTls,
        lastUsedAt: before?.lastUsedAt ?? null,
        expectsPassword:
          password !== undefined || (keepsPassword && before?.expectsPassword === true),
      };
      if (before) await change(savedId, () => saved);
      else {
        await settings.update((current) => ({
          ...current,
          connections: [...current.connections, saved],
        }));
      }
      if (password !== undefined) await secrets.set(savedId, password);
      else if (!keepsPassword) await secrets.remove(savedId);
      return describe(saved);
    },

    /** Removes a connection and its password. The embedded and the active one stay. */
    async remove(id: string): Promise<void> {
      get(id);
      if (id === EMBEDDED_ID || id === settings.current().activeId) {
        throw new AppError(
          'invalid_argument',
          id === EMBEDDED_ID
            ? 'The embedded database is part of the console and stays. Nothing was changed.'
            : 'This connection is in use. Nothing was changed. Switch to another one, then remove it.',
        );
      }
      await settings.update((current) => ({
        ...current,
        connections: current.connections.filter((each) => each.id !== id),
      }));
      await secrets.remove(id);
    },

    async makeActive(id: string): Promise<void> {
      get(id);
      await settings.update((current) => ({ ...current, activeId: id }));
    },

    /** Notes that a connection worked, and keeps the password that was entered for it. */
    async noteUse(id: string, at: Date, enteredPassword: string | undefined): Promise<void> {
      if (enteredPassword !== undefined) await secrets.set(id, enteredPassword);
      await change(id, (saved) => ({
        ...saved,
        lastUsedAt: at.toISOString(),
        expectsPassword: saved.expectsPassword || enteredPassword !== undefined,
      }));
    },

    /** The stored password of a connection, for an address of the same server and login only. */
    async passwordFor(id: string, url: string): Promise<string | undefined> {
      const saved = get(id);
      return saved.url !== null && isSameLogin(saved.url, url) ? secrets.get(id) : undefined;
    },
  };

  async function change(id: string, edit: (saved: SavedConnection) => SavedConnection) {
    await settings.update((current) => ({
      ...current,
      connections: current.connections.map((each) => (each.id === id ? edit(each) : each)),
    }));
  }
}
