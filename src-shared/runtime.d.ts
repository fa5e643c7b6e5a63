/**
 * What Node and the browser both have, and the language's own library does not declare. This folder compiles
 * with neither's types, so what it names of them is declared here; the processes see the real declarations.
 */
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
}
