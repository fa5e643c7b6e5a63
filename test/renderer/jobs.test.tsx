import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { JobsPage } from '#renderer/features/jobs/JobsPage.tsx';
import { AppError } from '#shared/errors.ts';
import { JOB_NAMES } from '#shared/ipc/jobs.ts';
import { aStripeStatus } from '#test/support/billing-rows.ts';
import type { FakeHandlers } from '#test/support/fake-bridge.ts';
import { aJob, allJobs, type JobData, secondsFromNow } from '#test/support/job-rows.ts';
import { render } from '#test/support/render.tsx';

function open(rows: JobData[], handlers: FakeHandlers = {}) {
  return render(<JobsPage />, {
    handlers: {
      'stripe.status': async () => aStripeStatus(),
      'jobs.list': async () => ({ rows }),
      ...handlers,
    },
  });
}

const row = (name: RegExp) => screen.findByRole('row', { name });
const liveRegion = (text: string | RegExp) =>
  waitFor(() =>
    expect(screen.getAllByRole('status').some((each) => each.textContent?.match(text))).toBe(true),
  );

describe('the jobs', () => {
  it('stand in the contract’s order under Ledger and Stripe, each with what it does', async () => {
    open([...allJobs()].reverse());
    await row(/^Expire credits/);
    const rows = within(screen.getByRole('table', { name: 'Jobs' })).getAllByRole('row');
    expect(rows.map((each) => each.querySelector('th')?.textContent)).toEqual([
      'Job',
      'Ledger',
      expect.stringMatching(/^Expire credits and close holds that are over/),
      expect.stringMatching(/^Monthly credits of plans without Stripe/),
      expect.stringMatching(/^Look for balances that fell/),
      expect.stringMatching(/^Send e-mails and webhooks/),
      expect.stringMatching(/^Fold usage into roll-ups/),
      'Stripe',
      expect.stringMatching(/^Read Stripe’s events/),
      expect.stringMatching(/^Handle Stripe’s events/),
      expect.stringMatching(/^Finish refunds/),
      expect.stringMatching(/^Send usage to Stripe/),
      expect.stringMatching(/^Read what Stripe rejected/),
    ]);
    expect(JOB_NAMES).toHaveLength(10);
    expect(screen.getByText(/in one place at a time/)).toBeVisible();
  });

  it('tell how often, when, how much and where they ran, when they come again, and what waits', async () => {
    open(
      allJobs({
        expiry: { backlog: 1_234 },
        allocations: {
          lastStartedAt: null,
          lastFinishedAt: null,
          lastDone: null,
          lastWorker: null,
        },
        balance_watch: { everySeconds: 2, runningBy: 'web-2:77:ffff0000', backlog: null },
      }),
    );
    const expiry = await row(/^Expire credits/);
    expect(expiry).toHaveTextContent(
      /3 min ago, 12 done.*on ledger-1.*in 4\d s.*every minute.*1,234/,
    );
    expect(within(expiry).getByText(/ledger-1/)).toHaveAttribute(
      'title',
      'On ledger-1, process 4711',
    );
    expect(within(expiry).getByText('1,234')).toHaveAttribute('data-size', 'many');
    expect(await row(/^Monthly credits/)).toHaveTextContent(/Never.*in 4\d s.*0/);
    expect(await row(/^Look for balances/)).toHaveTextContent(/Running.*on web-2.*every 2 s.*–/);
  });

  it('that failed say with what, when, and how often in a row', async () => {
    open(
      allJobs({
        notifications: {
          error: { message: 'The mail server refused.', at: secondsFromNow(-130), failures: 3 },
        },
        roll_ups: {
          error: { message: 'Deadlock.', at: secondsFromNow(-5), failures: 1 },
          lastDone: null,
          backlog: 10_001,
        },
      }),
    );
    expect(await row(/^Send e-mails/)).toHaveTextContent(
      /Failed 3 times in a row.*2 min ago.*The mail server refused\./,
    );
    expect(await row(/^Fold usage/)).toHaveTextContent(
      /Failed .* s ago.*Deadlock\..*3 min ago, failed.*10,000\+/,
    );
  });

  it('that nobody runs say so once they are late by more than five minutes', async () => {
    open(
      allJobs({
        expiry: { nextRunAt: secondsFromNow(-400) },
        allocations: { nextRunAt: secondsFromNow(-200) },
        balance_watch: { nextRunAt: secondsFromNow(-400), runningBy: 'web-2:77:ffff0000' },
        roll_ups: { nextRunAt: null },
      }),
    );
    expect(await row(/^Expire credits/)).toHaveTextContent(
      'Nobody runs this: open a console with the right or start the service',
    );
    expect(await row(/^Monthly credits/)).toHaveTextContent('due now');
    expect(await row(/^Look for balances/)).toHaveTextContent('Running');
    expect(await row(/^Fold usage/)).toHaveTextContent('Nobody runs this');
  });

  it('are read again when one ran', async () => {
    const { bridge } = open(allJobs({ expiry: { lastDone: 1 } }));
    expect(await row(/^Expire credits/)).toHaveTextContent('1 done');
    bridge.use({ 'jobs.list': async () => ({ rows: allJobs({ expiry: { lastDone: 77 } }) }) });
    act(() => bridge.emit({ type: 'jobs.changed' }));
    await waitFor(async () => expect(await row(/^Expire credits/)).toHaveTextContent('77 done'));
  });

  it('say so where they cannot be read, and are asked for again', async () => {
    const { user, bridge } = open([], {
      'jobs.list': async () => {
        throw new AppError('database_unavailable', 'The database does not answer.');
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
    bridge.use({ 'jobs.list': async () => ({ rows: allJobs() }) });
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await row(/^Expire credits/);
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

describe('running a job now', () => {
  it('is busy until it ends, tells how much was done, and shows the row as it is then', async () => {
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let done = 3;
    const { user, bridge } = open([], {
      'jobs.list': async () => ({ rows: allJobs({ expiry: { lastDone: done } }) }),
      'jobs.runNow': async ({ name }) => {
        await finished;
        done = 1_200;
        return aJob({ name, lastDone: done, lastFinishedAt: secondsFromNow(0) });
      },
    });
    const button = await screen.findByRole('button', { name: /^Run now: Expire credits/ });
    await user.click(button);
    await waitFor(() => expect(button).toBeDisabled());
    expect(screen.getByRole('button', { name: 'Run now: Finish refunds' })).toBeEnabled();
    act(() => finish());
    await liveRegion('Done: 1,200.');
    expect(await row(/^Expire credits/)).toHaveTextContent('1,200 done');
    await waitFor(() => expect(button).toBeEnabled());
    expect(bridge.callsOf('jobs.runNow')).toEqual([{ name: 'expiry' }]);
  });

  it('that fails says why under its row, until it works', async () => {
    const { user, bridge } = open(allJobs(), {
      'jobs.runNow': async () => {
        throw new AppError('already_processed', 'It runs on web-2 at this moment.');
      },
    });
    const button = await screen.findByRole('button', {
      name: 'Run now: Send e-mails and webhooks',
    });
    await user.click(button);
    expect(await screen.findByRole('alert')).toHaveTextContent('It runs on web-2 at this moment.');
    bridge.use({ 'jobs.runNow': async ({ name }) => aJob({ name, lastDone: null }) });
    await user.click(button);
    await liveRegion('Done.');
    await waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
  });

  it('is refused with a reason: without an account for Stripe’s jobs, without the right for all', async () => {
    const stripeJobs = ['stripe_events', 'stripe_inbox', 'refunds', 'usage_outbox', 'meter_errors'];
    const { user, bridge } = open(
      allJobs().map((job) => ({ ...job, canRun: !stripeJobs.includes(job.name) })),
      { 'stripe.status': async () => aStripeStatus({ mode: 'none' }) },
    );
    expect(await screen.findByText(/No Stripe account is connected/)).toBeVisible();
    const refunds = screen.getByRole('button', { name: 'Run now: Finish refunds' });
    expect(refunds).toHaveAttribute('aria-disabled', 'true');
    expect(refunds).toHaveAccessibleDescription('No Stripe account can be used here.');
    await user.click(refunds);
    expect(bridge.callsOf('jobs.runNow')).toEqual([]);

    bridge.use({ 'jobs.list': async () => ({ rows: allJobs().map(withoutRight) }) });
    act(() => bridge.emit({ type: 'jobs.changed' }));
    expect(await screen.findByText(/takes a role that may run jobs/)).toBeVisible();
    expect(
      screen.getByRole('button', { name: /^Run now: Expire credits/ }),
    ).toHaveAccessibleDescription('Your role may not run this job.');
  });
});

const withoutRight = (job: JobData): JobData => ({ ...job, canRun: false });
