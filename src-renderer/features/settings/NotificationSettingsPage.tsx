import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { EmailSettings } from './EmailSettings.tsx';
import { LowBalanceForm } from './LowBalanceForm.tsx';
import classes from './NotificationSettings.module.css';
import type { NotificationAnswer } from './notification-answer.ts';
import { OnOffSetting } from './OnOffSetting.tsx';
import { SettingGroup, SettingRow } from './SettingRow.tsx';
import { TemplateSettings } from './TemplateSettings.tsx';
import { WebhookSettings } from './WebhookSettings.tsx';

/** When customers count as low on credits, who is told then, over what, and in which words. */
export function NotificationSettingsPage() {
  const { database } = useSession();
  const mayAdminister = useAbility('administer');
  const isReady = database.status === 'ready';
  const { data, error, isPending, refetch } = useQuery({
    ...consoleQuery('notifications.settings', {}),
    enabled: isReady,
  });
  return (
    <Page layout="reading">
      <PageHeader
        title="Notifications"
        description="What is told when credits run low. These settings belong to the workspace’s database and count for every console and service on it; passwords and secrets stay on the computer they were entered on."
      />
      {!isReady && (
        <EmptyState action={<LinkButton to={paths.databaseSettings}>Database settings</LinkButton>}>
          The workspace’s database is not ready, and its notifications belong to it.
        </EmptyState>
      )}
      {isReady && isPending && <LoadingRows count={8} label="Loading the notification settings" />}
      {isReady && error !== null && data === undefined && (
        <ErrorState error={error} onRetry={() => void refetch()} />
      )}
      {isReady && data !== undefined && (
        <>
          {!mayAdminister && (
            <p className={classes.note}>
              You can read this page. Changing anything here takes a role that may administer the
              workspace.
            </p>
          )}
          <LowBalanceSettings answer={data} />
          <EmailSettings answer={data} />
          <WebhookSettings answer={data} />
          <TemplateSettings answer={data} />
          <p className={classes.changed}>
            Settings last changed by {data.changedBy}, <InstantText iso={data.changedAt} />.
          </p>
        </>
      )}
    </Page>
  );
}

function LowBalanceSettings({ answer }: { answer: NotificationAnswer }) {
  const mayAdminister = useAbility('administer');
  const [isOpen, setOpen] = useState(false);
  const { lowBalanceThreshold, companyName, purchaseUrl } = answer.settings;
  return (
    <SettingGroup title="Low balances">
      <SettingRow
        label={
          lowBalanceThreshold === 0
            ? 'Never low, only empty'
            : `Low below ${formatCreditsInWords(lowBalanceThreshold)}`
        }
        description={
          <>
            For customers without a threshold of their own or of their plan. At zero a customer is
            empty, whatever the threshold. Each fall is told once, and again only after the balance
            has recovered.
            <span className={classes.line}>Company: {companyName ?? 'not entered'}</span>
            <span className={classes.line}>Purchase address: {purchaseUrl ?? 'not entered'}</span>
          </>
        }
      >
        {mayAdminister && (
          <Button
            variant="default"
            aria-label="Change threshold and messages"
            onClick={() => setOpen(true)}
          >
            Change…
          </Button>
        )}
      </SettingRow>
      <OnOffSetting
        label="Desktop notices"
        setting="desktopEnabled"
        answer={answer}
        description="Consoles that are open show their operating system’s notice when a customer runs low or out of credits."
        consequence={(isOn) =>
          isOn
            ? 'Everybody with a console open on it gets desktop notices.'
            : 'Nobody gets desktop notices of it any more.'
        }
      />
      {isOpen && <LowBalanceForm answer={answer} onClose={() => setOpen(false)} />}
    </SettingGroup>
  );
}
