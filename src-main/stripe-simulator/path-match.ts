/** A path with named parts, such as /v1/customers/{customer}, ready to compare. */
export type PathPattern = (path: string) => Record<string, string> | undefined;

/** Makes a pattern that answers the named parts of a matching path, decoded; undefined for any other path. */
export function pathPattern(pattern: string): PathPattern {
  const expected = pattern.split('/');
  return (path) => {
    const parts = path.split('/');
    if (parts.length !== expected.length) return undefined;
    const named: Record<string, string> = {};
    for (const [index, part] of expected.entries()) {
      const given = parts[index] ?? '';
      if (part.startsWith('{')) {
        if (given === '') return undefined;
        named[part.slice(1, -1)] = decoded(given);
      } else if (part !== given) return undefined;
    }
    return named;
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
