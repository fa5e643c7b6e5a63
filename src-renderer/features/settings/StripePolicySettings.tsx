import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { clawbackPolicyLabel } from '#renderer/format/billing.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { CLAWBACK_POLICIES, type ClawbackPolicy, type StripeStatus } from '#shared/ipc/stripe.ts';
import { SettingGroup, SettingRow } from './SettingRow.tsx';
import { useKeepStatus } from './use-keep-status.ts';

type Policies = Pick<StripeStatus, 'refundPolicy' | 'disputePolicy'>;

const OPTIONS = CLAWBACK_POLICIES.map((policy) => ({
  value: policy,
  label: clawbackPolicyLabel(policy),
}));

/** What happens to credits when money goes back without a request of the console; production is asked about once more. */
export function StripePolicySettings({ status }: { status: StripeStatus }) {
  const mayManage = useAbility('manageStripe');
  const { connection } = useSession();
  const keep = useKeepStatus();
  const [asked, setAsked] = useState<Policies | null>(null);
  const save = useCommand('stripe.setPolicies', {
    onSuccess: (changed) => {
      keep(changed);
      announce('Saved. It counts for refunds and disputes from now on.');
    },
    onError: (error, { refundPolicy, disputePolicy }) => {
      // Main may know of production where this window does not.
      if (error.code === 'confirmation_required') setAsked({ refundPolicy, disputePolicy });
    },
  });
  function change(part: Partial<Policies>) {
    const policies = {
      refundPolicy: status.refundPolicy,
      disputePolicy: status.disputePolicy,
      ...part,
    };
    if (connection.environment === 'production') setAsked(policies);
    else save.mutate({ ...policies, confirmedProduction: false });
  }
  const control = (
    label: string,
    value: ClawbackPolicy,
    choose: (policy: ClawbackPolicy) => void,
  ) => (
    <SegmentedControl
      aria-label={label}
      data={OPTIONS}
      disabled={!mayManage || save.isPending}
      value={value}
      onChange={choose}
    />
  );
  const isFailed = save.error !== null && save.error.code !== 'confirmation_required';
  return (
    <SettingGroup title="When money goes back">
      <SettingRow
        label="Refunds made in Stripe"
        description="What is taken of the credits that the money bought. What is spent already is either recorded as not recovered, or taken all the same, below zero where it must."
      >
        {control('Refunds made in Stripe', status.refundPolicy, (refundPolicy) =>
          change({ refundPolicy }),
        )}
      </SettingRow>
      <SettingRow
        label="Lost disputes"
        description="While a dispute is open, what is left of the purchase’s credits is held."
      >
        {control('Lost disputes', status.disputePolicy, (disputePolicy) =>
          change({ disputePolicy }),
        )}
      </SettingRow>
      {isFailed && <ErrorState error={save.error} />}
      <ConfirmDialog
        opened={asked !== null}
        title={`Change it for ${connection.name}?`}
        confirmLabel={`Change it on ${connection.name}`}
        isDangerous
        onCancel={() => setAsked(null)}
        onConfirm={() => {
          setAsked(null);
          if (asked !== null) save.mutate({ ...asked, confirmedProduction: true });
        }}
      >
        {connection.name} is production. Refunds made in Stripe:{' '}
        {asked !== null && clawbackPolicyLabel(asked.refundPolicy).toLowerCase()}. Lost disputes:{' '}
        {asked !== null && clawbackPolicyLabel(asked.disputePolicy).toLowerCase()}. It counts for
        what comes from now on; what was taken or left before stays.
      </ConfirmDialog>
    </SettingGroup>
  );
}
