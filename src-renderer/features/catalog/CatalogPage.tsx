import { Anchor, Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { useAbility } from '#renderer/api/session.tsx';
import { isStripeUsable } from '#renderer/api/stripe-usable.ts';
import { formatQuantity } from '#renderer/format/credits.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { PlusIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { useAskedAct } from '#renderer/ui/use-asked-act.tsx';
import type { CreditPackage, catalogProcedures, Plan } from '#shared/ipc/catalog.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import classes from './catalog.module.css';
import { PackageForm } from './PackageForm.tsx';
import { PackagesTable } from './PackagesTable.tsx';
import { PlanForm } from './PlanForm.tsx';
import { PlansTable } from './PlansTable.tsx';

type Catalog = Output<(typeof catalogProcedures)['catalog.list']>;
export type CatalogItem = { kind: 'package' | 'plan'; id: string };
type Form = { kind: 'package'; item: CreditPackage | null } | { kind: 'plan'; item: Plan | null };

const LIST_KEY = ['catalog.list', {}] as const;

/** What is sold: credit packages and plans, and how they stand in Stripe. */
export function CatalogPage() {
  const catalog = useQuery(consoleQuery('catalog.list', {}));
  const status = useQuery(consoleQuery('stripe.status', {}));
  const mayManage = useAbility('manageStripe');
  const [form, setForm] = useState<Form | null>(null);
  const stripe = useStripeWork(catalog.data);
  const isConnected = isStripeUsable(status.data);
  const outOfStep = catalog.data === undefined ? [] : itemsOutOfStep(catalog.data);

  return (
    <Page>
      <PageHeader
        title="Catalog"
        description="Credit packages and plans. A change is made here first and then sent to Stripe; what was sold before keeps its own terms."
        actions={
          mayManage && (
            <>
              {isConnected && (
                <Button
                  variant="default"
                  loading={stripe.compare.isPending}
                  onClick={() => stripe.compare.mutate({})}
                >
                  Compare with Stripe
                </Button>
              )}
              <Button
                variant="default"
                leftSection={<PlusIcon size={14} />}
                onClick={() => setForm({ kind: 'plan', item: null })}
              >
                New plan
              </Button>
              <Button
                leftSection={<PlusIcon size={14} />}
                onClick={() => setForm({ kind: 'package', item: null })}
              >
                New package
              </Button>
            </>
          )
        }
      />
      {status.data !== undefined && !isConnected && (
        <p className={classes.note}>
          {status.data.problem?.message ??
            'No Stripe account is connected: the catalog can be edited, and is sent once one is.'}{' '}
          <Anchor component={Link} inherit href={paths.stripeSettings}>
            Settings, Stripe
          </Anchor>
        </p>
      )}
      <CommandFailure error={stripe.error} />
      {catalog.isPending && <LoadingRows count={8} label="Loading the catalog" />}
      {catalog.isError && (
        <ErrorState error={catalog.error} onRetry={() => void catalog.refetch()} />
      )}
      {catalog.data !== undefined && (
        <div className={classes.sections}>
          {isConnected && (
            <div className={classes.step}>
              <span role="status">
                {outOfStep.length === 0
                  ? 'All that is sold is in Stripe as it is here.'
                  : `${formatQuantity(outOfStep.length, 'item')} ${outOfStep.length === 1 ? 'is not in Stripe as it is' : 'are not in Stripe as they are'} here.`}
                {catalog.data.comparedAt !== null && (
                  <>
                    {' '}
                    Compared <InstantText iso={catalog.data.comparedAt} />.
                  </>
                )}
              </span>
              {mayManage && outOfStep.length > 0 && (
                <Button
                  size="compact-sm"
                  loading={stripe.sync.isPending && stripe.sending === null}
                  disabled={stripe.sync.isPending}
                  onClick={() => stripe.send(null)}
                >
                  {outOfStep.length === 1
                    ? 'Send it to Stripe'
                    : `Send all ${outOfStep.length} to Stripe`}
                </Button>
              )}
            </div>
          )}
          <section aria-label="Credit packages">
            <h2 className={classes.heading}>Credit packages</h2>
            <PackagesTable
              packages={catalog.data.packages}
              mayManage={mayManage}
              maySend={mayManage && isConnected}
              sendingId={stripe.sending?.kind === 'package' ? stripe.sending.id : null}
              onEdit={(item) => setForm({ kind: 'package', item })}
              onSend={(id) => stripe.send({ kind: 'package', id })}
            />
          </section>
          <section aria-label="Plans">
            <h2 className={classes.heading}>Plans</h2>
            <PlansTable
              plans={catalog.data.plans}
              mayManage={mayManage}
              maySend={mayManage && isConnected}
              sendingId={stripe.sending?.kind === 'plan' ? stripe.sending.id : null}
              onEdit={(item) => setForm({ kind: 'plan', item })}
              onSend={(id) => stripe.send({ kind: 'plan', id })}
            />
          </section>
        </div>
      )}
      {form?.kind === 'package' && (
        <PackageForm
          key={form.item?.id ?? 'new'}
          creditPackage={form.item}
          onClose={() => setForm(null)}
        />
      )}
      {form?.kind === 'plan' && (
        <PlanForm key={form.item?.tier ?? 'new'} plan={form.item} onClose={() => setForm(null)} />
      )}
      {stripe.question}
    </Page>
  );
}

function itemsOutOfStep({ packages, plans }: Catalog) {
  return [...packages, ...plans].filter(({ link }) =>
    ['unlinked', 'changed', 'drifted'].includes(link.state),
  );
}

function nameOf({ kind, id }: CatalogItem, catalog: Catalog | undefined): string {
  const found =
    kind === 'package'
      ? catalog?.packages.find((each) => each.id === id)
      : catalog?.plans.find(({ tier }) => tier === id);
  return found?.name ?? id;
}

/** Comparing with Stripe and sending to it; on production, sending asks once more. */
function useStripeWork(catalog: Catalog | undefined) {
  const queryClient = useQueryClient();
  const keep = (answer: Catalog) => queryClient.setQueryData(LIST_KEY, answer);
  const compare = useCommand('catalog.compare', {
    onSuccess: (answer) => {
      keep(answer);
      announce('The catalog was compared with Stripe.');
    },
  });
  const sync = useCommand('catalog.sync', {
    onSuccess: (answer) => {
      keep(answer);
      announce('Stripe has it as it is here.');
    },
  });
  const { start, question } = useAskedAct<CatalogItem | null>({
    questionOf: (item) => ({
      title: `Send ${item === null ? 'the catalog' : nameOf(item, catalog)} to Stripe?`,
      confirmLabel: 'Send to Stripe',
      words:
        'Products and prices of its Stripe account change. What was sold before keeps its terms.',
    }),
    perform: (item, confirmedProduction, onError) =>
      sync.mutate({ item, confirmedProduction }, { onError }),
  });
  return {
    compare,
    sync,
    send: start,
    /** The one item that is being sent. */
    sending: sync.isPending ? (sync.variables?.item ?? null) : null,
    /** Of what was done last: an older failure says nothing any more. */
    error: (compare.submittedAt > sync.submittedAt ? compare : sync).error,
    question,
  };
}
