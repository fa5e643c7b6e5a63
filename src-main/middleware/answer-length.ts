/** How many bytes of a body the headers of a writeHead announce, in any form that Node takes; undefined where they do not. */
export function announcedLength(headers: unknown): number | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const pairs = Array.isArray(headers) ? pairsIn(headers.flat()) : Object.entries(headers);
  const [, value] = pairs.find(([name]) => String(name).toLowerCase() === 'content-length') ?? [];
  return lengthIn(value);
}

/** The value of a Content-Length as a number; undefined where it is none. */
export function lengthIn(value: unknown): number | undefined {
  const length = value === undefined ? Number.NaN : Number(value);
  return Number.isSafeInteger(length) ? length : undefined;
}

/** The bytes of one chunk of a body. */
export function bytesOf(chunk: unknown, encoding: unknown): number {
  if (chunk instanceof Uint8Array) return chunk.byteLength;
  if (typeof chunk !== 'string') return 0;
  return Buffer.byteLength(
    chunk,
    typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8',
  );
}

/** Names and values stand in turns. */
function pairsIn(list: unknown[]): [unknown, unknown][] {
  return list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1]]] : []));
}
