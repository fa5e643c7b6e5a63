/**
 * Chance for SQL that comes out the same each time: hashes of (seed, purpose, key) instead of random(). Every function
 * returns an SQL expression. `purpose` keeps draws of the same key apart from each other.
 */
export type Chance = {
  /** 64 bits of hash. */
  bits: (key: string, purpose: number) => string;
  /** From 0 up to but not including 1. */
  unit: (key: string, purpose: number) => string;
  /** One of a list of texts. */
  oneOf: (list: readonly string[], key: string, purpose: number) => string;
  /** 22 letters and digits, different for each key: the random part of an id. */
  code: (key: string) => string;
};

export function chanceOf(seed: number): Chance {
  const bits = (key: string, purpose: number) =>
    `hashint8extended(${key}, ${BigInt(seed) * 1000n + BigInt(purpose)})`;
  return {
    bits,
    unit: (key, purpose) => unitOf(bits(key, purpose), 0),
    oneOf: (list, key, purpose) =>
      `(${textArray(list)})[1 + (${bits(key, purpose)} & 2147483647) % ${list.length}]`,
    code: (key) =>
      `translate(encode(decode(md5('${seed} ' || ${key}), 'hex'), 'base64'), '+/=', 'kZ')`,
  };
}

/** A number from 0 to 1 of 20 of the 64 bits: three independent ones can be taken from one hash (slice 0, 1, 2). */
export function unitOf(bits: string, slice: 0 | 1 | 2): string {
  return `(((${bits} >> ${slice * 20}) & 1048575)::float8 / 1048576)`;
}

export function textLiteral(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

export function textArray(list: readonly string[]): string {
  return `ARRAY[${list.map(textLiteral).join(', ')}]::text[]`;
}
