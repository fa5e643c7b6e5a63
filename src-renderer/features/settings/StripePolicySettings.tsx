import { SegmentedControl } from '@mantine/core';
import { useCommand } from '#renderer/api/queries.ts';
import { useAbility } from '#renderer/api/session.tsx';
import { clawbackPolicyLabel } from '#renderer/format/billing.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { useAskedAct } from '#renderer/ui/use-asked-act.tsx';
import { CLAWBACK_POLICIES, type ClawbackPolicy, type StripeStatus } from '#shared/ipc/stripe.ts';
import { SettingGroup, SettingRow } from './SettingRow.tsx';
import { useKeepStatus } from './use-keep-status.ts';

/** Which of the two is changed: the other one may have been meanwhile, elsewhere. */
type PolicyChange = { refundPolicy: ClawbackPolicy } | { disputePolicy: ClawbackPolicy };

const OPTIONS = CLAWBACK_POLICIES.map((policy) => ({
  value: policy,
  label: clawbackPolicyLabel(policy),
}));

function changeInWords(change: PolicyChange): string {
  return 'refundPolicy' in change
    ? `Refunds made in Stripe: ${clawbackPolicyLabel(change.refundPolicy).toLowerCase()}.`
    : `Lost disputes: ${clawbackPolicyLabel(change.disputePolicy).toLowerCase()}.`;
}

/** What happens to credits when money goes back without a request of the console; production is asked about once more. */
export function StripePolicySettings({ status }: { status: StripeStatus }) {
  const mayManage = useAbility('manageStripe');
  const keep = useKeepStatus();
  const save = useCommand('stripe.setPolicies', {
    onSuccess: (changed) => {
      keep(changed);
      announce('Saved. It counts for refunds and disputes from now on.');
    },
  });
  const { start, question } = useAskedAct<PolicyChange>({
    questionOf: (change) => ({
      title: 'Change what happens when money goes back?',
      confirmLabel: 'Change it',
      words: `${changeInWords(change)} It counts for what comes from now on; what was taken or left before stays.`,
    }),
    perform: (change, confirmedProduction, onError) =>
      save.mutate({ ...change, confirmedProduction }, { onError }),
  });
  const { refundPolicy, disputePolicy } = status;
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
  return (
    <SettingGroup title="When money goes back">
      <SettingRow
        label="Refunds made in Stripe"
        description="What is taken of the credits that the money bought. What is spent already is either recorded as not recovered, or taken all the same, below zero where it must."
      >
        {control('Refunds made in Stripe', refundPolicy, (policy) =>
          start({ refundPolicy: policy }),
        )}
      </SettingRow>
      <SettingRow
        label="Lost disputes"
        description="While a dispute is open, what is left of the purchase’s credits is held."
      >
        {control('Lost disputes', disputePolicy, (policy) => start({ disputePolicy: policy }))}
      </SettingRow>
      <CommandFailure error={save.error} />
      {question}
    </SettingGroup>
  );
}
