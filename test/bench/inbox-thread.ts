/**
 * A thread that works off the inbox as a console does: with a pool and a gateway of its own. Posts a first message when it is
 * ready, and answers each message with how many events it handled; the one who started it terminates it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { workerName } from '#main/jobs/worker-name.ts';
import { workInbox } from '#main/stripe/inbox/work-inbox.ts';
import { type BenchAccount, openTarget } from './bench-target.ts';

if (parentPort === null) throw new Error('This file is the start of a thread.');
const port = parentPort;
const target = openTarget(workerData as BenchAccount);
const worker = `${workerName()}:${(workerData as BenchAccount).name}`;
await target.database.pool.query('SELECT 1');

port.on('message', async () => {
  const { events } = await workInbox(target, worker);
  port.postMessage(events);
});
port.postMessage(0);
