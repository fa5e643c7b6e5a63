// scheme, user, password, and the rest. The user info ends at the last @ before the path, so that a password that was
// pasted with an unescaped @ is not cut in two.
const SHAPE = /^(postgres(?:ql)?:\/\/)(?:([^/?#]*)@)?(.*)$/i;

/** Takes the password out of a connection URL, so that it does not stay on the screen; null where it holds none. */
export function splitPassword(url: string): { url: string; password: string | null } {
  const match = SHAPE.exec(url.trim());
  const [, scheme = '', userInfo, rest = ''] = match ?? [];
  if (match === null || userInfo === undefined) return { url: url.trim(), password: null };
  const colon = userInfo.indexOf(':');
  if (colon < 0) return { url: url.trim(), password: null };
  const encoded = userInfo.slice(colon + 1);
  return {
    url: `${scheme}${userInfo.slice(0, colon)}@${rest}`,
    password: encoded === '' ? null : decode(encoded),
  };
}

/** Puts a password into a connection URL that holds a user and no password; without a password the URL stays as it is. */
export function withPassword(url: string, password: string): string {
  if (password === '') return url;
  const [, scheme = '', user = '', rest = ''] = SHAPE.exec(url) ?? [];
  return `${scheme}${user}:${encodeURIComponent(password)}@${rest}`;
}

/** What is wrong with a connection URL as typed, or null. Main decides about everything else. */
export function connectionUrlProblem(url: string, password: string): string | null {
  if (url === '') return 'Enter the address of the database.';
  const match = SHAPE.exec(url);
  if (match === null || match[3] === '') {
    return 'Use the form postgresql://user@host:5432/database.';
  }
  if (password !== '' && (match[2] ?? '') === '') {
    return 'Put the user before the host: postgresql://user@host:5432/database.';
  }
  return null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
