import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { ReconciliationPage } from '#renderer/features/reconciliation/ReconciliationPage.tsx';
import { readSpan } from '#renderer/features/reconciliation/span.ts';
import { AppError } from '#shared/errors.ts';
import { FINDING_BUCKETS } from '#shared/ipc/reconciliation.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { aStripeStatus } from '#test/support/billing-rows.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import {
  aFinding,
  aRun,
  type FindingData,
  NO_COUNTS,
  RUN_ID,
  type RunData,
} from '#test/support/reconciliation-rows.ts';
import { currentPath, render, WithForms } from '#test/support/render.tsx';
import { aPreview } from '#test/support/sample-rows.ts';

function open(
  options: {
    runs?: RunData[];
    findings?: FindingData[];
    handlers?: FakeHandlers;
    abilities?: readonly Ability[];
    production?: boolean;
    query?: string;
  } = {},
) {
  const findings = options.findings ?? [];
  return render(<ReconciliationPage />, {
    within: WithForms,
    path: `/stripe/reconciliation${options.query ?? ''}`,
    session: {
      ...(options.abilities !== undefined && {
        database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
      }),
      ...(options.production && {
        connection: { ...aSession().connection, name: 'Acme', environment: 'production' },
      }),
    },
    handlers: {
      'stripe.status': async () => aStripeStatus(),
      'reconciliation.runs': async () => ({ runs: options.runs ?? [] }),
      'reconciliation.findings': async ({ bucket }) => ({
        findings: findings.filter((each) => bucket === null || each.bucket === bucket),
        counts: Object.fromEntries(
          FINDING_BUCKETS.map((each) => [
            each,
            findings.filter((finding) => finding.bucket === each).length,
          ]),
        ) as typeof NO_COUNTS,
      }),
      ...options.handlers,
    },
  });
}

const withFindings = (changes: Partial<RunData> = {}) =>
  aRun({ findings: 3, openFindings: 3, ...changes });
const threeFindings = [
  aFinding(),
  aFinding({
    id: 'double_grant:pi_2',
    bucket: 'double_grant',
    customerName: null,
    stripeObjectId: 'cs_2',
    stripeUrl: 'https://dashboard.stripe.com/test/checkout/sessions/cs_2',
    transactionId: '204',
    expectedCredits: 100,
    foundCredits: 200,
    price: { amountMinor: 500, currency: 'jpy' },
    detail: 'Paid once and granted more than once.',
  }),
  aFinding({
    id: 'orphan_grant:pi_3',
    bucket: 'orphan_grant',
    stripeObjectId: null,
    stripeUrl: 'http://dashboard.stripe.com/x',
    transactionId: '77',
    expectedCredits: 0,
    foundCredits: 50,
    price: null,
  }),
];
const aUsageFinding = aFinding({
  id: 'usage_differs:tokens 2026-11-01T00:00:00.000Z user_1',
  bucket: 'usage_differs',
  stripePaymentId: null,
  stripeObjectId: null,
  expectedCredits: null,
  foundCredits: null,
  usage: {
    eventName: 'tokens',
    periodStart: '2026-11-01T00:00:00.000Z',
    periodEnd: '2026-12-01T00:00:00.000Z',
    expectedUnits: 1_250,
    foundUnits: 1,
  },
  price: null,
  detail: '1,250 units reported, 1 unit in Stripe’s summary: 1,249 units rejected by Stripe.',
});
const grantAct = {
  act: 'Grant what was paid for',
  why: null,
  preview: aPreview(1_700),
} as const;

describe('reconciliation before the first run', () => {
  it('says so in a sentence and starts one over the span that was chosen', async () => {
    const started = aRun({ state: 'running', phase: 'sessions' });
    const { user, bridge } = open({
      handlers: { 'reconciliation.start': async () => started },
    });
    expect(
      await screen.findByText('Stripe and the ledger have not been compared yet.'),
    ).toBeVisible();
    expect(screen.getAllByRole('button', { name: /run/ })).toHaveLength(1);
    await user.click(screen.getByRole('button', { name: 'Start the first run…' }));
    const dialog = within(await screen.findByRole('dialog', { name: /Compare Stripe/ }));
    expect(dialog.getByRole('radio', { name: 'Since the account was connected' })).toBeChecked();
    await user.click(dialog.getByRole('button', { name: 'Start' }));
    await waitFor(() => expect(bridge.callsOf('reconciliation.start')).toEqual([{ since: null }]));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  it('asks for a day of the past, and says what is wrong beside it', async () => {
    const { user, bridge } = open({
      handlers: { 'reconciliation.start': async () => aRun() },
    });
    await user.click(await screen.findByRole('button', { name: 'Start the first run…' }));
    const dialog = within(await screen.findByRole('dialog'));
    await user.click(dialog.getByRole('radio', { name: 'From a day on…' }));
    await user.click(dialog.getByRole('button', { name: 'Start' }));
    expect(dialog.getByLabelText('First day')).toHaveAccessibleDescription(/Choose a day\./);
    expect(bridge.callsOf('reconciliation.start')).toEqual([]);
    await user.type(dialog.getByLabelText('First day'), '2026-01-15');
    await user.click(dialog.getByRole('button', { name: 'Start' }));
    await waitFor(() =>
      expect(bridge.callsOf('reconciliation.start')).toEqual([
        { since: '2026-01-15T00:00:00.000Z' },
      ]),
    );
  });

  it('tells what Stripe has against it, and keeps the dialog', async () => {
    const { user } = open({
      handlers: {
        'reconciliation.start': async () => {
          throw new AppError('stripe_unavailable', 'Stripe does not answer.');
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Start the first run…' }));
    await user.click(await screen.findByRole('button', { name: 'Start' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Stripe does not answer.');
    expect(screen.getByRole('dialog')).toBeVisible();
  });

  it('needs a connected Stripe, and the ability', async () => {
    const { unmount } = open({
      handlers: { 'stripe.status': async () => aStripeStatus({ mode: 'none' }) },
    });
    expect(await screen.findByText(/No Stripe account is connected/)).toBeVisible();
    expect(screen.getByRole('link', { name: 'Settings, Stripe' })).toHaveAttribute(
      'href',
      '#/settings/stripe',
    );
    expect(screen.queryByRole('button', { name: /run/ })).toBeNull();
    unmount();
    open({ abilities: ['grant'] });
    await screen.findByText('Stripe and the ledger have not been compared yet.');
    expect(screen.queryByRole('button', { name: /run/ })).toBeNull();
  });

  it('cuts spans at midnight of the time zone', () => {
    const now = new Date('2026-11-22T23:30:00Z');
    expect(readSpan('30d', '', 'Europe/Berlin', now)).toEqual({
      ok: true,
      since: '2026-10-23T22:00:00.000Z',
    });
    expect(readSpan('day', '2026-11-23', 'Europe/Berlin', now)).toMatchObject({ ok: true });
    expect(readSpan('day', '2026-11-24', 'Europe/Berlin', now)).toMatchObject({ ok: false });
    expect(readSpan('day', '202600-01-01', 'UTC', now)).toMatchObject({ ok: false });
  });
});

describe('a run', () => {
  it('that found nothing says that both agree, with what was compared', async () => {
    open({ runs: [aRun()] });
    expect(await screen.findByText('Stripe and the ledger agree.')).toBeVisible();
    expect(
      await screen.findByText(
        '1,204 paid checkouts, 310 paid invoices, 12 refunds, 1 dispute, 1,514 other payments of the ledger, and 42 metered periods were compared, and every one of them agrees.',
      ),
    ).toBeVisible();
    expect(screen.queryByRole('grid')).toBeNull();
  });

  it('shows how far it is, follows it, and pauses', async () => {
    let run = aRun({
      state: 'running',
      phase: 'refunds',
      finishedAt: null,
      checked: {
        sessions: 1_204,
        invoices: 310,
        refunds: 5,
        disputes: 0,
        ledger: 0,
        usage: 0,
        elsewhere: 2,
      },
    });
    const { user, bridge } = open({
      handlers: {
        'reconciliation.runs': async () => ({ runs: [run] }),
        'reconciliation.pause': async () => {
          run = { ...run, state: 'paused' };
          return run;
        },
        'reconciliation.resume': async () => {
          run = { ...run, state: 'running' };
          return run;
        },
      },
    });
    expect(await screen.findByText('Comparing refunds …')).toBeVisible();
    const steps = within(screen.getByRole('list', { name: 'Compared so far' }));
    const [sessions, , refunds, disputes] = steps.getAllByRole('listitem');
    expect(sessions).toHaveTextContent(/Paid checkouts1,204compared$/);
    expect(refunds).toHaveTextContent(/5compared so far/);
    expect(refunds).toHaveAttribute('aria-current', 'step');
    expect(disputes).toHaveTextContent('to come');
    expect(screen.getByText(/2 payments of other Stripe accounts were left out/)).toBeVisible();
    expect(screen.getByRole('button', { name: 'New run…' })).toBeDisabled();

    run = { ...run, phase: 'ledger' };
    act(() => bridge.emit({ type: 'reconciliation.changed', runId: RUN_ID }));
    expect(await screen.findByText('Comparing other payments of the ledger …')).toBeVisible();

    await user.click(screen.getByRole('button', { name: 'Pause' }));
    expect(
      await screen.findByText(/Paused while comparing other payments of the ledger/),
    ).toBeVisible();
    expect(bridge.callsOf('reconciliation.pause')).toEqual([{ runId: RUN_ID }]);
    await user.click(screen.getByRole('button', { name: 'Resume' }));
    expect(await screen.findByText('Comparing other payments of the ledger …')).toBeVisible();

    run = { ...run, phase: 'usage' };
    act(() => bridge.emit({ type: 'reconciliation.changed', runId: RUN_ID }));
    expect(await screen.findByText('Comparing metered periods …')).toBeVisible();
    expect(steps.getAllByRole('listitem').at(-1)).toHaveAttribute('aria-current', 'step');
  });

  it('is asked about again while it runs, also where no event comes', async () => {
    let answers = 0;
    open({
      handlers: {
        'reconciliation.runs': async () => {
          answers += 1;
          return { runs: [answers === 1 ? aRun({ state: 'running', phase: 'sessions' }) : aRun()] };
        },
      },
    });
    expect(await screen.findByText('Comparing paid checkouts …')).toBeVisible();
    expect(await screen.findByText('Stripe and the ledger agree.')).toBeVisible();
    expect(answers).toBe(2);
  });

  it('that stopped says why, and what resuming met', async () => {
    const { user } = open({
      runs: [aRun({ state: 'failed', phase: 'invoices', error: 'Stripe does not answer.' })],
      handlers: {
        'reconciliation.resume': async () => {
          throw new AppError('already_processed', 'Another console does this one.');
        },
      },
    });
    expect(await screen.findByText(/Stopped while comparing paid invoices/)).toBeVisible();
    expect(screen.getByText('Stripe does not answer.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Resume' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Another console does this one.');
  });

  it('of another account cannot be gone on with', async () => {
    open({ runs: [aRun({ state: 'paused', phase: 'invoices', accountId: 'acct_other' })] });
    expect(await screen.findByText(/Paused while comparing/)).toBeVisible();
    await screen.findByRole('button', { name: 'New run…' });
    expect(screen.queryByRole('button', { name: 'Resume' })).toBeNull();
  });

  it('of earlier can be chosen, and stays in the address', async () => {
    const older = aRun({
      id: '5f14e45f-ceea-467f-9c3e-2f6a3b1f0c11',
      startedAt: '2026-11-20T08:00:00.000Z',
      findings: 1,
      openFindings: 0,
    });
    const { user, bridge } = open({ runs: [aRun(), older] });
    await user.click(await screen.findByRole('combobox', { name: 'Run' }));
    await user.click(
      await screen.findByRole('option', { name: '20 Nov 2026, 08:00, all repaired' }),
    );
    expect(await screen.findByText(/The one difference is repaired/)).toBeVisible();
    expect(currentPath()).toBe(`/stripe/reconciliation?run=${older.id}`);
    await waitFor(() =>
      expect(bridge.callsOf('reconciliation.findings').at(-1)).toEqual({
        runId: older.id,
        bucket: null,
      }),
    );
  });

  it('that cannot be read says so and is asked for again', async () => {
    const { user, bridge } = open({
      handlers: {
        'reconciliation.runs': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
    bridge.use({ 'reconciliation.runs': async () => ({ runs: [aRun()] }) });
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('Stripe and the ledger agree.')).toBeVisible();
  });
});

describe('what was found', () => {
  it('stands in kinds with their meaning and number, which filter the list', async () => {
    const { user, bridge } = open({ runs: [withFindings()], findings: threeFindings });
    expect(await screen.findByText('3 differences are open.')).toBeVisible();
    const kinds = within(await screen.findByRole('group', { name: 'Kinds of differences' }));
    const double = kinds.getByRole('button', {
      name: 'Double grant 1 Paid once, and granted more than once.',
    });
    expect(kinds.getAllByRole('button')).toHaveLength(6);
    expect(kinds.getByRole('button', { name: /^Unclawed refund 0/ })).toBeDisabled();
    const grid = screen.getByRole('grid', { name: 'Differences' });
    expect(within(grid).getAllByRole('row')).toHaveLength(4);

    await user.click(double);
    await waitFor(() => expect(within(grid).getAllByRole('row')).toHaveLength(2));
    expect(double).toHaveAttribute('aria-pressed', 'true');
    expect(currentPath()).toBe('/stripe/reconciliation?bucket=double_grant');
    expect(bridge.callsOf('reconciliation.findings').at(-1)).toEqual({
      runId: RUN_ID,
      bucket: 'double_grant',
    });
    await user.click(double);
    await waitFor(() => expect(within(grid).getAllByRole('row')).toHaveLength(4));
  });

  it('shows both sides of each: the ledger’s transaction and the id in Stripe', async () => {
    const { user, bridge } = open({
      runs: [withFindings()],
      findings: threeFindings,
      handlers: { 'settings.openCaseLink': async () => ({}) },
    });
    const grid = within(await screen.findByRole('grid', { name: 'Differences' }));
    const rows = grid.getAllByRole('row').slice(1);
    expect(rows[0]).toHaveTextContent(/Missing grant.*Open.*Ada Lovelace.*500.*\$39\.99.*Nothing/);
    expect(rows[1]).toHaveTextContent(/Double grant.*user_1.*100.*200.*¥500/);
    const transaction = grid.getByRole('link', { name: 'Transaction 204 in the ledger' });
    expect(transaction).toHaveAttribute('href', '#/customers/user_1?tab=transactions');
    expect(grid.getByRole('button', { name: 'Copy Stripe id cs_1' })).toBeVisible();
    // Only an https page of Stripe is offered.
    await user.click(grid.getByRole('button', { name: /in Stripe$/ }));
    expect(bridge.callsOf('settings.openCaseLink')).toEqual([
      { url: 'https://dashboard.stripe.com/test/checkout/sessions/cs_2' },
    ]);
  });

  it('shows units of a meter as units, and leads to where they are put right', async () => {
    const { user } = open({
      runs: [withFindings()],
      findings: [...threeFindings, aUsageFinding],
      handlers: {
        'reconciliation.previewRepair': async () => ({
          act: null,
          why: 'No entry of the ledger mends units.',
          preview: null,
        }),
      },
    });
    await user.click(await screen.findByRole('button', { name: /^Usage differs 1 / }));
    const grid = within(await screen.findByRole('grid', { name: 'Differences' }));
    await waitFor(() => expect(grid.getAllByRole('rowheader')).toHaveLength(1));
    const [, row] = grid.getAllByRole('row');
    if (row === undefined) throw new Error('no row');
    expect(row).toHaveTextContent(/1,250 units.*1 unit.*–.*tokens$/);
    expect(row).not.toHaveTextContent('Nothing');
    expect(within(row).getByRole('link', { name: 'Ada Lovelace' })).toHaveAttribute(
      'href',
      '#/customers/user_1?tab=metered',
    );
    await user.click(grid.getByRole('rowheader'));
    const drawer = within(await screen.findByRole('dialog', { name: 'Usage differs' }));
    expect(drawer.getByText('1,250 units')).toBeVisible();
    expect(drawer.getByText('1 unit')).toBeVisible();
    expect(drawer.getByText(/1 Nov.* to .*1 Dec/)).toBeVisible();
    expect(drawer.queryByText(/credits$|^Nothing$/)).toBeNull();
    expect(drawer.getByRole('link', { name: 'The customer’s Metered tab' })).toHaveAttribute(
      'href',
      '#/customers/user_1?tab=metered',
    );
    expect(await drawer.findByText(/No entry of the ledger mends units\./)).toBeVisible();
    expect(drawer.queryByLabelText('Note')).toBeNull();
  });

  it('says so where not all of it is listed', async () => {
    open({
      runs: [withFindings({ findings: 2_400, openFindings: 2_400 })],
      handlers: {
        'reconciliation.findings': async () => ({
          findings: [aFinding()],
          counts: { ...NO_COUNTS, missing_grant: 2_400 },
        }),
      },
    });
    expect(await screen.findByText(/The first 1 difference of 2,400 are listed/)).toBeVisible();
  });
});

describe('a repair', () => {
  const openRow = async (user: ReturnType<typeof open>['user'], name: RegExp) => {
    await user.click(await screen.findByRole('rowheader', { name }));
    return within(await screen.findByRole('dialog'));
  };

  it('is reviewed with balance before and after, needs a note, and is posted once', async () => {
    let state: 'open' | 'repaired' = 'open';
    const { user, bridge } = open({
      runs: [withFindings()],
      handlers: {
        'reconciliation.findings': async () => ({
          findings: [
            aFinding({
              state,
              repairedByTransactionId: state === 'open' ? null : '301',
              repairedAt: state === 'open' ? null : '2026-11-22T09:00:00.000Z',
            }),
          ],
          counts: { ...NO_COUNTS, missing_grant: 1 },
        }),
        'reconciliation.previewRepair': async () => grantAct,
        'reconciliation.repair': async () => {
          state = 'repaired';
          return { finding: aFinding({ state, repairedByTransactionId: '301' }) };
        },
      },
    });
    const drawer = await openRow(user, /Missing grant/);
    expect(await drawer.findByText('Grant what was paid for.')).toBeVisible();
    const table = within(drawer.getByRole('table', { name: 'Before and after' }));
    expect(table.getByRole('row', { name: /^Available/ })).toHaveTextContent(/1,200.*1,700/);
    expect(drawer.getByText(/The balance would change by \+500, to 1,700/)).toBeVisible();
    const post = drawer.getByRole('button', { name: 'Grant what was paid for' });
    await user.click(post);
    expect(drawer.getByLabelText('Note')).toHaveAccessibleDescription(/Say why it is repaired/);
    expect(bridge.callsOf('reconciliation.repair')).toEqual([]);

    await user.type(drawer.getByLabelText('Note'), ' Webhook was lost ');
    await user.click(post);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(bridge.callsOf('reconciliation.repair')).toEqual([
      {
        runId: RUN_ID,
        findingId: 'missing_grant:cs_1',
        note: 'Webhook was lost',
        confirmedProduction: false,
      },
    ]);
    expect(
      await screen.findByText('Grant what was paid for, for Ada Lovelace.'),
    ).toBeInTheDocument();
    const again = await openRow(user, /Missing grant/);
    expect(again.getByRole('link', { name: 'Transaction 301' })).toBeVisible();
    expect(again.queryByRole('region', { name: 'Repair' })).toBeNull();
    expect(bridge.callsOf('reconciliation.previewRepair')).toHaveLength(1);
  });

  it('that is not possible by itself says why, and offers nothing', async () => {
    const { user } = open({
      runs: [withFindings()],
      findings: threeFindings,
      handlers: {
        'reconciliation.previewRepair': async () => ({
          act: null,
          why: 'The metadata names no customer.',
          preview: null,
        }),
      },
    });
    const drawer = await openRow(user, /Missing grant/);
    expect(
      await drawer.findByText('It cannot be repaired by itself. The metadata names no customer.'),
    ).toBeVisible();
    expect(drawer.queryByLabelText('Note')).toBeNull();
  });

  it('of production is asked about once more; Esc leaves the drawer as it is', async () => {
    const { user, bridge } = open({
      runs: [withFindings()],
      findings: threeFindings,
      production: true,
      handlers: {
        'reconciliation.previewRepair': async () => grantAct,
        'reconciliation.repair': async () => ({ finding: aFinding({ state: 'repaired' }) }),
      },
    });
    const drawer = await openRow(user, /Missing grant/);
    await user.type(await drawer.findByLabelText('Note'), 'Lost');
    await user.click(drawer.getByRole('button', { name: 'Grant what was paid for' }));
    const question = () => screen.findByRole('dialog', { name: /PRODUCTION/ });
    expect(within(await question()).getByText('Ada Lovelace')).toBeVisible();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog', { name: /PRODUCTION/ })).toBeNull());
    expect(drawer.getByLabelText('Note')).toHaveValue('Lost');
    expect(bridge.callsOf('reconciliation.repair')).toEqual([]);

    await user.click(drawer.getByRole('button', { name: 'Grant what was paid for' }));
    await user.click(
      within(await question()).getByRole('button', { name: 'Grant what was paid for on Acme' }),
    );
    await waitFor(() =>
      expect(bridge.callsOf('reconciliation.repair')).toMatchObject([
        { confirmedProduction: true },
      ]),
    );
  });

  it('asks before its note is lost, and not where there is none', async () => {
    const { user } = open({
      runs: [withFindings()],
      findings: threeFindings,
      handlers: { 'reconciliation.previewRepair': async () => grantAct },
    });
    const drawer = await openRow(user, /Missing grant/);
    const note = await drawer.findByLabelText('Note');
    await user.type(note, 'Lost');
    await user.keyboard('{Escape}');
    const question = await screen.findByRole('dialog', { name: 'Discard this draft?' });
    expect(question).toHaveTextContent(/has not been posted/);
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByText(/has not been posted/)).toBeNull());
    expect(note).toHaveValue('Lost');

    await user.click(drawer.getByRole('button', { name: 'Close' }));
    await user.click(await screen.findByRole('button', { name: 'Discard draft' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    const again = await openRow(user, /Missing grant/);
    expect(await again.findByLabelText('Note')).toHaveValue('');
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  it('is asked about also where only main knows that it is production', async () => {
    const { user, bridge } = open({
      runs: [withFindings()],
      findings: threeFindings,
      handlers: {
        'reconciliation.previewRepair': async () => grantAct,
        'reconciliation.repair': async ({ confirmedProduction }) => {
          if (!confirmedProduction) throw new AppError('confirmation_required', 'Confirm it.');
          return { finding: aFinding({ state: 'repaired' }) };
        },
      },
    });
    const drawer = await openRow(user, /Missing grant/);
    await user.type(await drawer.findByLabelText('Note'), 'Lost');
    await user.click(drawer.getByRole('button', { name: 'Grant what was paid for' }));
    const question = within(await screen.findByRole('dialog', { name: /PRODUCTION/ }));
    await user.click(question.getByRole('button', { name: /^Grant what/ }));
    await waitFor(() => expect(bridge.callsOf('reconciliation.repair')).toHaveLength(2));
  });

  it('whose answer was lost keeps the note and can be tried again', async () => {
    const { user } = open({
      runs: [withFindings()],
      findings: threeFindings,
      handlers: {
        'reconciliation.previewRepair': async () => grantAct,
        'reconciliation.repair': async () => {
          throw new AppError('outcome_unknown', 'The answer did not come.');
        },
      },
    });
    const drawer = await openRow(user, /Missing grant/);
    await user.type(await drawer.findByLabelText('Note'), 'Lost');
    await user.click(drawer.getByRole('button', { name: 'Grant what was paid for' }));
    expect(await drawer.findByRole('alert')).toHaveTextContent(/Trying again is safe/);
    expect(drawer.getByLabelText('Note')).toHaveValue('Lost');
    expect(drawer.getByRole('button', { name: 'Grant what was paid for' })).toBeEnabled();
    await user.click(drawer.getByRole('button', { name: 'Close' }));
    expect(await screen.findByRole('dialog', { name: 'Discard this draft?' })).toHaveTextContent(
      /may or may not have been posted/,
    );
  });

  it('is not offered to a role that may not, and nothing is asked of Stripe', async () => {
    const { user, bridge } = open({
      runs: [withFindings({ state: 'paused', phase: 'refunds' })],
      findings: threeFindings,
      abilities: ['grant', 'export'],
    });
    await screen.findByRole('grid', { name: 'Differences' });
    expect(screen.queryByRole('button', { name: /Resume|New run/ })).toBeNull();
    const drawer = await openRow(user, /Missing grant/);
    expect(drawer.getByText(/role in use may not repair it/)).toBeVisible();
    expect(bridge.callsOf('reconciliation.previewRepair')).toEqual([]);
  });
});
