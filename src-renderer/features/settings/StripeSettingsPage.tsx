import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { formatQuantity } from '#renderer/format/credits.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { ExternalIcon } from '#renderer/ui/icons.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { StripeModeTag } from '#renderer/ui/StripeModeTag.tsx';
import { AppError, isErrorCode } from '#shared/errors.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import { SettingGroup, SettingRow } from './SettingRow.tsx';
import {
  DisconnectDialog,
  LiveModeDialog,
  SimulatorDialog,
  StripeKeyDialog,
} from './StripeKeyDialogs.tsx';
import { StripePolicySettings } from './StripePolicySettings.tsx';
import classes from './StripeSettingsPage.module.css';
import { useKeepStatus } from './use-keep-status.ts';
import { WebhookSecretDialog } from './WebhookSecretDialog.tsx';

type Dialog = 'key' | 'live' | 'disconnect' | 'simulator' | 'webhook';

/** The Stripe account of this workspace: its key and mode, how events come in, and what happens to credits when money goes back. */
export function StripeSettingsPage() {
  const { database } = useSession();
  const status = useQuery({
    ...consoleQuery('stripe.status', {}),
    enabled: database.status === 'ready',
  });
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  return (
    <Page layout="reading">
      <PageHeader
        title="Stripe"
        description="The account that this workspace sells through. Keys stay in the main process and the key store; this window never has them."
      />
      {database.status !== 'ready' && (
        <EmptyState action={<LinkButton to={paths.databaseSettings}>Database settings</LinkButton>}>
          The workspace’s database is not ready, and its Stripe account belongs to it.
        </EmptyState>
      )}
      {database.status === 'ready' && status.isPending && (
        <LoadingRows count={5} label="Loading Stripe’s settings" />
      )}
      {status.isError && <ErrorState error={status.error} onRetry={() => void status.refetch()} />}
      {status.data !== undefined && (
        <>
          <AccountSettings status={status.data} onDialog={setDialog} />
          {status.data.mode !== 'none' && (
            <>
              <EventSettings status={status.data} onDialog={setDialog} />
              <StripePolicySettings status={status.data} />
            </>
          )}
          {dialog === 'key' && <StripeKeyDialog status={status.data} onClose={close} />}
          {dialog === 'live' && <LiveModeDialog onClose={close} />}
          {dialog === 'disconnect' && <DisconnectDialog onClose={close} />}
          {dialog === 'simulator' && <SimulatorDialog status={status.data} onClose={close} />}
          {dialog === 'webhook' && <WebhookSecretDialog status={status.data} onClose={close} />}
        </>
      )}
    </Page>
  );
}

const MODE_WORDS: Record<StripeStatus['mode'], { name: string; words: string }> = {
  none: { name: 'Not connected', words: 'Enter a key to sell and refund through Stripe.' },
  simulator: {
    name: 'Built-in simulator',
    words:
      'A Stripe of its own on this computer, to try everything without an account. No real money moves, and it never sees a real key.',
  },
  test: { name: 'Test mode', words: 'A test key: no real money moves.' },
  live: { name: 'LIVE mode', words: 'A live key: real money moves.' },
};

const PLACE_WORDS = {
  key_store: 'kept by the operating system’s key store',
  memory: 'kept in memory until the console closes: this system offers no key store',
  missing: 'not there any more: enter it again',
} as const;

function AccountSettings({
  status,
  onDialog,
}: {
  status: StripeStatus;
  onDialog: (dialog: Dialog) => void;
}) {
  const openSimulator = useCommand('stripe.openSimulator');
  const mayManage = useAbility('manageStripe');
  const isOtherAccount = status.problem?.code === 'stripe_other_account';
  const { name, words } = MODE_WORDS[status.mode];
  return (
    <SettingGroup title="Account">
      {status.problem !== null && (
        <div className={classes.problem}>
          <ErrorState
            error={
              new AppError(
                isErrorCode(status.problem.code) ? status.problem.code : 'internal',
                status.problem.message,
              )
            }
          />
        </div>
      )}
      <SettingRow
        label={
          status.mode === 'test' || status.mode === 'live' ? (
            <StripeModeTag mode={status.mode}>{name}</StripeModeTag>
          ) : (
            name
          )
        }
        description={
          <>
            {words}
            {status.accountId !== null && (
              <span className={classes.line}>
                {status.accountName ?? 'Account'}{' '}
                <CopyableId value={status.accountId} label="Account id" />
              </span>
            )}
            {status.key !== null && (
              <span className={classes.line}>
                {status.key.kind === 'restricted' ? 'Restricted key' : 'Secret key'},{' '}
                {PLACE_WORDS[status.key.place]}.
              </span>
            )}
            {status.boundAt !== null && (
              <span className={classes.line}>
                {status.boundAccountId === null ? (
                  'This workspace’s account'
                ) : (
                  <>
                    This workspace belongs to{' '}
                    <CopyableId value={status.boundAccountId} label="Account id" />
                  </>
                )}{' '}
                since <InstantText iso={status.boundAt} show="date" />.
              </span>
            )}
          </>
        }
      >
        {status.mode === 'simulator' && status.simulatorUrl !== null && (
          <Button
            variant="default"
            leftSection={<ExternalIcon size={14} />}
            loading={openSimulator.isPending}
            onClick={() => openSimulator.mutate({})}
          >
            Open simulator
          </Button>
        )}
        {status.mode === 'simulator' && isOtherAccount && mayManage && (
          <Button variant="default" onClick={() => onDialog('simulator')}>
            Use the simulator…
          </Button>
        )}
        <Button
          variant={status.mode === 'none' ? 'filled' : 'default'}
          onClick={() => onDialog('key')}
        >
          {status.key === null ? 'Connect an account…' : 'Change key…'}
        </Button>
        {status.key !== null && (
          <Button variant="default" color="red" onClick={() => onDialog('disconnect')}>
            Disconnect…
          </Button>
        )}
      </SettingRow>
      {openSimulator.error !== null && <ErrorState error={openSimulator.error} />}
      <SettingRow
        label="Live mode"
        description={
          status.liveEnabled
            ? 'Live keys are allowed for this connection.'
            : 'Live keys are refused for this connection until you allow them.'
        }
      >
        {status.liveEnabled ? (
          <span className={classes.allowed}>Allowed</span>
        ) : (
          <Button variant="default" onClick={() => onDialog('live')}>
            Allow live mode…
          </Button>
        )}
      </SettingRow>
    </SettingGroup>
  );
}

function EventSettings({
  status,
  onDialog,
}: {
  status: StripeStatus;
  onDialog: (dialog: Dialog) => void;
}) {
  const keep = useKeepStatus();
  const poll = useCommand('stripe.pollNow', {
    onSuccess: (status) => {
      keep(status);
      announce('Stripe’s events were read.');
    },
  });
  const mayHandle = useAbility('manageStripe');
  return (
    <SettingGroup title="Events">
      <SettingRow label="Reading events" description={pollingWords(status, mayHandle)}>
        {mayHandle && (
          <Button variant="default" loading={poll.isPending} onClick={() => poll.mutate({})}>
            Read now
          </Button>
        )}
        <LinkButton to={paths.stripeEvents}>Inbox</LinkButton>
      </SettingRow>
      {poll.error !== null && <ErrorState error={poll.error} />}
      <SettingRow label="Webhook receiver on this computer" description={webhookWords(status)}>
        {mayHandle && (
          <Button variant="default" onClick={() => onDialog('webhook')}>
            {status.webhook.secret === 'missing' ? 'Set up…' : 'Change…'}
          </Button>
        )}
      </SettingRow>
    </SettingGroup>
  );
}

const POLLING_WORDS: Record<StripeStatus['polling']['state'], string> = {
  on: 'This console reads them from Stripe every few seconds while it is open.',
  off: 'They are not read at present.',
  elsewhere: 'Another console or service on this database reads them at present.',
};

function pollingWords({ polling, inbox }: StripeStatus, mayHandle: boolean): ReactNode {
  return (
    <>
      {mayHandle
        ? POLLING_WORDS[polling.state]
        : 'The database role in use shows what others read; it handles no events.'}
      {polling.lastAt !== null && (
        <>
          {' '}
          Last read <InstantText iso={polling.lastAt} />.
        </>
      )}
      {inboxWords(inbox)}
      {polling.error !== null && <span className={classes.trouble}>{polling.error}</span>}
    </>
  );
}

/** What is not handled yet, as sentences; nothing where all is. */
function inboxWords({ waiting, failed, refused }: StripeStatus['inbox']): string {
  const parts = [
    waiting > 0 && `${formatQuantity(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'}.`,
    failed > 0 && `${formatQuantity(failed, 'event')} will be tried again.`,
    refused > 0 &&
      `${formatQuantity(refused, 'event')} ${refused === 1 ? 'needs' : 'need'} a person.`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? '' : ` ${parts.join(' ')}`;
}

function webhookWords({ webhook }: StripeStatus): ReactNode {
  if (webhook.error !== null) return <span className={classes.trouble}>{webhook.error}</span>;
  if (webhook.url === null) {
    return 'For “stripe listen”, which forwards events to this computer. Servers receive webhooks with the command “serve”.';
  }
  return (
    <>
      Receives signed events at <CopyableId value={webhook.url} label="Address" />
    </>
  );
}
