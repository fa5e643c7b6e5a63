// npm test: all set-up, then every test. `npm test -- unit ledger` runs only the kinds named; what follows a single
// kind goes to its runner: `npm test -- unit credits`, `npm test -- e2e -g "grants"`.
import { ensureDependencies } from './dependencies.mjs';
import { withDisplay } from './display.mjs';
import { main, SetupError } from './say.mjs';

const inNode = ['unit', 'ledger', 'integration', 'ipc', 'renderer', 'architecture', 'security'];
const inWindow = ['e2e'];
const kinds = [...inNode, ...inWindow];
/** These open the app's real window, so they need an Electron and a display. */
const needWindow = new Set(['security', 'e2e']);

await main(async () => {
  const { chosen, rest } = choose(process.argv.slice(2));
  await ensureDependencies();
  const { runVitest, runPlaywright } = await import('./test-runners.mjs');
  const { report } = await import('./test-report.mjs');
  const { ensurePythonDriver } = await import('./system-libraries.mjs');

  if (chosen.includes('integration')) await ensurePythonDriver();
  const runAll = async () => {
    const nodeKinds = chosen.filter((kind) => inNode.includes(kind));
    const results = nodeKinds.length > 0 ? [await runVitest(nodeKinds, rest)] : [];
    if (chosen.includes('e2e')) results.push(await runPlaywright(rest));
    return report(chosen, results, { filtered: rest.length > 0 });
  };
  if (!chosen.some((kind) => needWindow.has(kind))) return runAll();
  const { prepareWindow } = await import('./prepare.mjs');
  await prepareWindow();
  return withDisplay(runAll);
});

/** @param {readonly string[]} args */
function choose(args) {
  const end = args.findIndex((arg) => !kinds.includes(arg));
  const named = end === -1 ? args : args.slice(0, end);
  const rest = end === -1 ? [] : args.slice(end);
  if (rest.length > 0 && named.length !== 1) {
    throw new SetupError(
      `${rest[0]} is no kind of test. The kinds are ${kinds.join(', ')}; what follows a single kind goes to its runner.`,
    );
  }
  return { chosen: named.length > 0 ? kinds.filter((kind) => named.includes(kind)) : kinds, rest };
}
