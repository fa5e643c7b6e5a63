import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { announce } from '#renderer/ui/announce.tsx';
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import type { AppError } from '#shared/errors.ts';
import type { FeatureMeter, MeteringCatalog } from '#shared/ipc/metering.ts';

/** What can be done about meters, metered prices and bound features with a single press. */
export type CatalogAct =
  | { kind: 'meter'; eventName: string; name: string; active: boolean }
  | { kind: 'price'; id: string; name: string; active: boolean }
  | { kind: 'unbind'; binding: FeatureMeter }
  | { kind: 'sync' };

const CATALOG_KEY = ['metering.catalog', {}] as const;

/** Puts the catalog as a command answered it where the page reads it from. */
export function useKeepCatalog(): (catalog: MeteringCatalog) => void {
  const queryClient = useQueryClient();
  return (catalog) => queryClient.setQueryData(CATALOG_KEY, catalog);
}

/**
 * The acts on the catalog. What is taken away is asked about first, and on production everything is. Render `question` once.
 */
export function useCatalogActs() {
  const { connection } = useSession();
  const keep = useKeepCatalog();
  const [asked, setAsked] = useState<{ act: CatalogAct; isProduction: boolean } | null>(null);
  const [last, setLast] = useState<CatalogAct | null>(null);
  const answered = (act: CatalogAct) => ({
    onSuccess: () => announce(wordsOf(act).done),
    onError: (error: AppError) => {
      // Main may know of production where this window does not.
      if (error.code === 'confirmation_required') setAsked({ act, isProduction: true });
    },
  });
  const setMeterActive = useCommand('metering.setMeterActive', { onSuccess: keep });
  const setPriceActive = useCommand('metering.setPriceActive', { onSuccess: keep });
  const bindFeature = useCommand('metering.bindFeature', { onSuccess: keep });
  const sync = useCommand('metering.sync', { onSuccess: keep });
  const commands = { meter: setMeterActive, price: setPriceActive, unbind: bindFeature, sync };

  function run(act: CatalogAct, confirmedProduction: boolean) {
    setLast(act);
    switch (act.kind) {
      case 'meter': {
        const { eventName, active } = act;
        return setMeterActive.mutate({ eventName, active, confirmedProduction }, answered(act));
      }
      case 'price': {
        const { id, active } = act;
        return setPriceActive.mutate({ id, active, confirmedProduction }, answered(act));
      }
      case 'unbind': {
        const { feature, planTier, eventName } = act.binding;
        return bindFeature.mutate(
          { feature, planTier, eventName, mode: null, confirmedProduction },
          answered(act),
        );
      }
      case 'sync':
        return sync.mutate({ confirmedProduction }, answered(act));
    }
  }

  const isProduction = connection.environment === 'production';
  const takesAway = (act: CatalogAct) =>
    act.kind === 'unbind' || ('active' in act && act.active === false);
  const command = last === null ? null : commands[last.kind];
  const question = asked === null ? null : wordsOf(asked.act);
  return {
    start(act: CatalogAct) {
      if (isProduction || takesAway(act)) setAsked({ act, isProduction });
      else run(act, false);
    },
    /** What is under way. */
    running: command?.isPending === true ? last : null,
    isAsking: asked !== null,
    /** Of what was done last: an older failure says nothing any more. */
    error:
      command === null || command.error?.code === 'confirmation_required' ? null : command.error,
    question: (
      <ConfirmDialog
        opened={asked !== null}
        title={question?.title ?? ''}
        confirmLabel={`${question?.label ?? ''}${asked?.isProduction === true ? ` for ${connection.name}` : ''}`}
        isDangerous
        onCancel={() => setAsked(null)}
        onConfirm={() => {
          if (asked !== null) run(asked.act, asked.isProduction);
          setAsked(null);
        }}
      >
        {asked?.isProduction === true && `${connection.name} is production. `}
        {question?.words}
      </ConfirmDialog>
    ),
  };
}

export type CatalogActs = ReturnType<typeof useCatalogActs>;

function wordsOf(act: CatalogAct): { title: string; label: string; words: string; done: string } {
  switch (act.kind) {
    case 'meter':
      return act.active
        ? {
            title: `Activate ${act.name}?`,
            label: 'Activate',
            words: 'The meter takes reports again.',
            done: `${act.name} is active.`,
          }
        : {
            title: `Deactivate ${act.name}?`,
            label: 'Deactivate',
            words: 'An inactive meter takes no reports. What was reported stays and is billed.',
            done: `${act.name} is inactive.`,
          };
    case 'price':
      return act.active
        ? {
            title: `Offer ${act.name} again?`,
            label: 'Activate',
            words: 'Customers can be put on the price again.',
            done: `${act.name} is active.`,
          }
        : {
            title: `Deactivate ${act.name}?`,
            label: 'Deactivate',
            words: 'An inactive price is sold to nobody else; who has it keeps it.',
            done: `${act.name} is inactive.`,
          };
    case 'unbind':
      return {
        title: `Stop metering ${act.binding.feature}?`,
        label: 'Remove',
        words: 'Its uses deduct credits again, and are not reported. What was reported stays.',
        done: `${act.binding.feature} is no longer metered.`,
      };
    case 'sync':
      return {
        title: 'Send meters and prices to Stripe?',
        label: 'Send to Stripe',
        words: 'Meters and prices that Stripe lacks are made there, and active ones made to agree.',
        done: 'Stripe has meters and prices as they are here.',
      };
  }
}
