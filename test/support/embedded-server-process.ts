/**
 * A console process for the tests of the embedded server: starts (or joins) it in the data folder given as argument, says
 * so in one JSON line, and releases it when its input ends. Tests kill it to play a crash.
 */
import { startEmbeddedServer } from '#main/database/embedded-server.ts';

const dataFolder = process.argv[2] ?? '';
const log: string[] = [];
try {
  const server = await startEmbeddedServer({ dataFolder, log: (message) => log.push(message) });
  const { release, ...facts } = server;
  process.stdout.write(`${JSON.stringify({ ...facts, log })}\n`);
  process.stdin.resume();
  process.stdin.on('end', async () => {
    await release();
    process.exit(0);
  });
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: String(error), log })}\n`);
  process.exit(1);
}
