import { randomUUID } from 'node:crypto';
import type { Desktop } from '#main/console.ts';
import { createDispatcher } from '#main/ipc/dispatch.ts';
import { createHandlers } from '#main/ipc/handlers.ts';
import type { CreateGateway } from '#main/stripe/workspace/workspace-options.ts';
import { AppError } from '#shared/errors.ts';
import { type Contract, contract } from '#shared/ipc/contract.ts';
import type { ConsoleEvent } from '#shared/ipc/events.ts';
import type { Input, Output, Reply } from '#shared/ipc/procedure.ts';
import type { Environment } from '#shared/ipc/settings.ts';
import { createTestConsole } from './test-console.ts';

export type ConsoleDoor = {
  /** Calls a procedure as the window does, and unwraps the reply: throws its AppError. */
  call: <Name extends keyof Contract>(
    name: Name,
    input: Input<Contract[Name]>,
    callId?: string,
  ) => Promise<Output<Contract[Name]>>;
  cancel: (callId: string) => void;
  /** Everything the window was told so far. */
  events: ConsoleEvent[];
  close: () => Promise<void>;
};

const window = { id: 1, trusted: true };

/** A console on a team's database with the real handlers behind the real dispatcher. */
export async function openConsoleDoor(options: {
  url: string;
  environment?: Environment;
  desktop?: Desktop;
  createStripeGateway?: CreateGateway;
}): Promise<ConsoleDoor> {
  const { console, dispose } = await createTestConsole(options);
  const events: ConsoleEvent[] = [];
  console.events.on((event) => events.push(event));
  const dispatcher = createDispatcher({
    contract,
    handlers: createHandlers(console),
    log: console.log,
    newTraceId: randomUUID,
  });
  const status = await console.start();
  if (status.status !== 'ready') {
    await dispose();
    throw new Error(`the test console is ${JSON.stringify(status)}`);
  }
  return {
    async call<Name extends keyof Contract>(
      name: Name,
      input: Input<Contract[Name]>,
      callId: string = randomUUID(),
    ) {
      const reply = (await dispatcher.call(window, name, input, callId)) as Reply<
        Output<Contract[Name]>
      >;
      if (reply.ok) return reply.value;
      const { code, message, ...rest } = reply.error;
      throw new AppError(code, message, rest);
    },
    cancel: (callId) => dispatcher.cancel(window, callId),
    events,
    close: dispose,
  };
}
