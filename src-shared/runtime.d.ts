/**
 * What Node and the browser both have, and the language's own library does not declare. This folder compiles
 * with neither's types, so what it names of them is declared here; the processes see the real declarations.
 */
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
}

/** Null where the text is no address. */
declare const URL: {
  parse(text: string): {
    readonly protocol: string;
    readonly hostname: string;
    readonly username: string;
    readonly password: string;
  } | null;
};
