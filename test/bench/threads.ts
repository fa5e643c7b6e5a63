import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BenchAccount } from './bench-target.ts';
import type { SimulatorTask } from './simulator-thread.ts';

/** Starts a thread of this folder's. */
export function startThread(file: string, data: SimulatorTask | BenchAccount): Worker {
  const thread = new Worker(new URL(file, import.meta.url), { workerData: data });
  // Told to whoever waits for its answer, too; unheard, it would end the process before an interrupted bench has cleaned up.
  thread.on('error', () => undefined);
  return thread;
}

/** The thread's next message. Rejects with the error that the thread ends with instead. */
export async function answerOf<Answer>(thread: Worker): Promise<Answer> {
  const [answer] = await once(thread, 'message');
  return answer as Answer;
}
