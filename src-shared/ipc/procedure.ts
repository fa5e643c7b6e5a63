import type { z } from 'zod';
import type { ErrorData } from '../errors.ts';

export type Procedure<
  Kind extends 'query' | 'command' = 'query' | 'command',
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> = { readonly kind: Kind; readonly input: Input; readonly output: Output };

/** A procedure that changes nothing: it can be cancelled and retried. */
export function query<Input extends z.ZodType, Output extends z.ZodType>(schemas: {
  input: Input;
  output: Output;
}): Procedure<'query', Input, Output> {
  return { kind: 'query', ...schemas };
}

/** A procedure that changes something: nothing retries it by itself. */
export function command<Input extends z.ZodType, Output extends z.ZodType>(schemas: {
  input: Input;
  output: Output;
}): Procedure<'command', Input, Output> {
  return { kind: 'command', ...schemas };
}

/** What crosses the IPC as an answer: plain data all the way, because Electron keeps only the message of a thrown Error. */
export type Reply<Value> =
  | { ok: true; value: Value }
  | { ok: false; error: ErrorData & { traceId: string } };

/** What the caller writes. */
export type Input<P extends Procedure> = z.input<P['input']>;
/** What the handler receives: parsed. */
export type ParsedInput<P extends Procedure> = z.output<P['input']>;
/** What the handler returns. */
export type HandlerOutput<P extends Procedure> = z.input<P['output']>;
/** What the caller receives. */
export type Output<P extends Procedure> = z.output<P['output']>;

export type CallContext = {
  /** Aborted when the caller cancelled the query or its window went away. */
  signal: AbortSignal;
  traceId: string;
};

/** One handler per procedure of a contract; a missing or wrong one does not compile. */
export type Handlers<Contract extends Record<string, Procedure>> = {
  [Name in keyof Contract]: (
    input: ParsedInput<Contract[Name]>,
    context: CallContext,
  ) => Promise<HandlerOutput<Contract[Name]>>;
};
