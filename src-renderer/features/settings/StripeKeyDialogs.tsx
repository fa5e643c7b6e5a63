import { Checkbox, PasswordInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { announce } from '#renderer/ui/announce.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { FormDialog } from '#renderer/ui/FormDialog.tsx';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import classes from './StripeSettingsPage.module.css';
import { useKeepStatus } from './use-keep-status.ts';

/** Asks for a key, which main verifies with Stripe and keeps; the window forgets it with the dialog. */
export function StripeKeyDialog({
  status,
  onClose,
}: {
  status: StripeStatus;
  onClose: () => void;
}) {
  const { connection } = useSession();
  const [key, setKey] = useState('');
  const [rebind, setRebind] = useState(false);
  const [confirmed, setConfirmed] = useState(false);
  const keep = useKeepStatus();
  const connect = useCommand('stripe.connect', {
    // What was sent holds the key: it goes with the dialog, not minutes later.
    gcTime: 0,
    onSuccess: (connected) => {
      keep(connected);
      announce(`Connected to ${connected.accountName ?? connected.accountId ?? 'Stripe'}.`);
      onClose();
    },
  });
  const isProduction = connection.environment === 'production';
  const isOther = connect.error?.code === 'stripe_other_account';
  function submit() {
    connect.mutate({ key: key.trim(), rebind, confirmedProduction: isProduction && confirmed });
  }
  return (
    <FormDialog
      title="Connect a Stripe account"
      onClose={onClose}
      onSubmit={submit}
      submitLabel="Connect"
      isPending={connect.isPending}
      isIncomplete={key.trim() === '' || (isProduction && !confirmed) || (isOther && !rebind)}
    >
      <p className={classes.words}>
        Paste a restricted key (rk_…) or a secret key (sk_…) from Stripe’s dashboard, Developers →
        API keys. It is checked with Stripe, then kept where passwords are kept.
      </p>
      <PasswordInput
        data-autofocus
        label="Key"
        autoComplete="off"
        spellCheck={false}
        maxLength={300}
        value={key}
        error={connect.error?.fields?.key}
        onChange={(event) => {
          setKey(event.currentTarget.value);
          // Another key may be of another account: what was agreed to for the one before does not count.
          setRebind(false);
          if (connect.isError) connect.reset();
        }}
        visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the key', tabIndex: 0 }}
      />
      {isOther && (
        <Checkbox
          mt="md"
          label="This workspace belongs to that account from now on"
          description="Events of the account before are no longer handled, and its purchases are left out of reconciliation. The ledger stays as it is."
          checked={rebind}
          onChange={(event) => setRebind(event.currentTarget.checked)}
        />
      )}
      {isProduction && (
        <Checkbox
          mt="md"
          label={`Yes, for ${connection.name}, which is production`}
          checked={confirmed}
          onChange={(event) => setConfirmed(event.currentTarget.checked)}
        />
      )}
      {connect.error !== null && connect.error.fields?.key === undefined && (
        <ErrorState error={connect.error} />
      )}
      {status.mode === 'simulator' && (
        <p className={classes.after}>
          The simulator’s customers and payments stay in the simulator; they are not in that
          account.
        </p>
      )}
    </FormDialog>
  );
}

const LIVE_WORD = 'LIVE';

/** Says what live mode means and lets live keys in once the person typed the word. */
export function LiveModeDialog({ onClose }: { onClose: () => void }) {
  const [word, setWord] = useState('');
  const keep = useKeepStatus();
  const enable = useCommand('stripe.enableLive', {
    onSuccess: (changed) => {
      keep(changed);
      announce('Live keys are allowed for this connection.');
      onClose();
    },
  });
  function submit() {
    if (word === LIVE_WORD) enable.mutate({ word });
  }
  return (
    <FormDialog
      title="Allow live mode for this connection?"
      onClose={onClose}
      onSubmit={submit}
      submitLabel="Allow live mode"
      isPending={enable.isPending}
      isIncomplete={word !== LIVE_WORD}
      isDangerous
    >
      <p className={classes.words}>
        With a live key, checkout links charge real cards, refunds return real money, and real
        payments grant credits in this ledger. Test purchases and live ones would stand in the same
        ledger, so use a database of its own for live mode.
      </p>
      <TextInput
        label={`Type ${LIVE_WORD} to allow it`}
        autoComplete="off"
        maxLength={10}
        value={word}
        onChange={(event) => setWord(event.currentTarget.value)}
      />
      {enable.error !== null && <ErrorState error={enable.error} />}
    </FormDialog>
  );
}

/** Forgets the key of this connection. */
export function DisconnectDialog({ onClose }: { onClose: () => void }) {
  const keep = useKeepStatus();
  const disconnect = useCommand('stripe.disconnect', {
    onSuccess: (changed) => {
      keep(changed);
      announce('The Stripe key was forgotten.');
      onClose();
    },
  });
  return (
    <FormDialog
      title="Disconnect Stripe?"
      onClose={onClose}
      onSubmit={() => disconnect.mutate({})}
      submitLabel="Forget the key"
      isPending={disconnect.isPending}
      isDangerous
    >
      <p className={classes.words}>
        The console forgets the key and the webhook’s secret. Nothing changes in Stripe or in the
        ledger; events wait in Stripe and are read once the account is connected again.
      </p>
      {disconnect.error !== null && <ErrorState error={disconnect.error} />}
    </FormDialog>
  );
}

/** Gives a workspace that began with a test account to the built-in simulator. */
export function SimulatorDialog({
  status,
  onClose,
}: {
  status: StripeStatus;
  onClose: () => void;
}) {
  const keep = useKeepStatus();
  const claim = useCommand('stripe.disconnect', {
    onSuccess: (changed) => {
      keep(changed);
      if (changed.problem !== null) return;
      announce('This workspace uses the built-in simulator.');
      onClose();
    },
  });
  const isStillOther = claim.data !== undefined && claim.data.problem !== null;
  return (
    <FormDialog
      title="Use the simulator for this workspace?"
      onClose={onClose}
      onSubmit={() => claim.mutate({ rebind: true })}
      submitLabel="Use the simulator"
      isPending={claim.isPending}
      isIncomplete={isStillOther}
      isDangerous
    >
      <p className={classes.words}>
        This workspace belongs to the account{' '}
        {status.boundAccountId !== null && <code>{status.boundAccountId}</code>}. From now on it
        would belong to the built-in simulator: events of the account before are no longer handled,
        and its purchases are left out of reconciliation. The ledger stays as it is.
      </p>
      {isStillOther && (
        <p className={classes.words} role="alert">
          Nothing was changed: a workspace of a live account is not given to the simulator. Use a
          database of its own for trying things.
        </p>
      )}
      {claim.error !== null && <ErrorState error={claim.error} />}
    </FormDialog>
  );
}
