import { createHash } from 'node:crypto';

/** The style of every page, written into it. */
export const style = `
:root { color-scheme: light dark; --ground: #fff; --raised: #f6f7f9; --line: #d8dce2; --control: #7d8694; --text: #1a1f27; --quiet: #59626f;
  --accent: #1f5fbf; --on-accent: #fff; --danger: #b3261e; --banner: #fff1d6; --on-banner: #6b4300; --good: #14683b; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181d; --raised: #1d2128; --line: #353b45; --control: #737d8b; --text: #e7eaee; --quiet: #a3acb8;
  --accent: #8ab4f8; --on-accent: #10233f; --danger: #f2938c; --banner: #3d2c05; --on-banner: #ffdf9e; --good: #7fd1a0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 14px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.banner { padding: 8px 16px; background: var(--banner); color: var(--on-banner); text-align: center; font-weight: 600; }
header, main { max-width: 1240px; margin: 0 auto; padding: 0 24px; }
header { display: flex; flex-wrap: wrap; gap: 4px 24px; align-items: baseline; padding-top: 20px; }
h1 { margin: 0; font-size: 20px; }
h2 { margin: 32px 0 4px; font-size: 16px; }
p { margin: 4px 0 12px; max-width: 75ch; }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; }
nav a { padding: 6px 0; }
nav a[aria-current] { color: var(--text); font-weight: 600; text-decoration: none; }
a { color: var(--accent); }
main { padding-bottom: 48px; }
.quiet { color: var(--quiet); }
.good { color: var(--good); }
.bad { color: var(--danger); }
.problem { margin: 16px 0; padding: 10px 14px; border: 1px solid var(--danger); border-radius: 6px; color: var(--danger); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 7px 12px; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; background: var(--raised); color: var(--quiet); font-weight: 600; white-space: nowrap; }
.amount { text-align: right; white-space: nowrap; }
td:first-child, td > code:not(.long), button { white-space: nowrap; }
.scroll + form { margin-top: 8px; }
code, pre { font: 12px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { padding: 12px 16px; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); white-space: pre-wrap; }
form { display: flex; flex-wrap: wrap; gap: 8px; align-items: end; margin: 0 0 6px; }
label { display: flex; flex-direction: column; color: var(--quiet); font-size: 12px; }
input, select, button { min-height: 30px; padding: 4px 10px; border: 1px solid var(--control); border-radius: 6px; background: var(--ground);
  color: var(--text); font: inherit; }
input[name=amount] { width: 10ch; text-align: right; }
button { background: var(--raised); cursor: pointer; }
button:hover { border-color: var(--accent); }
button.primary { border-color: var(--accent); background: var(--accent); color: var(--on-accent); font-weight: 600; }
button.danger { color: var(--danger); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
summary { cursor: pointer; color: var(--accent); padding: 4px 0; }
.checkout { max-width: 460px; margin: 40px auto; padding: 28px; border: 1px solid var(--line); border-radius: 12px; }
.checkout form { flex-direction: column; align-items: stretch; }
.checkout button { min-height: 40px; }
.checkout .total { margin: 4px 0 16px; font-size: 32px; font-weight: 650; }
.checkout table { margin: 0 0 20px; }
.checkout th, .checkout td { padding: 6px 0; }
.checkout .choices { margin-top: 24px; }
`;

const hash = createHash('sha256').update(style).digest('base64');

/** Nothing but the pages' own style: no script, no picture, no other address to send a form to. */
export const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
