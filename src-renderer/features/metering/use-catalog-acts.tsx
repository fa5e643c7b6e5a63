import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { type ActQuestion, useAskedAct } from '#renderer/ui/use-asked-act.tsx';
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
  const keep = useKeepCatalog();
  const [last, setLast] = useState<CatalogAct | null>(null);
  const setMeterActive = useCommand('metering.setMeterActive', { onSuccess: keep });
  const setPriceActive = useCommand('metering.setPriceActive', { onSuccess: keep });
  const bindFeature = useCommand('metering.bindFeature', { onSuccess: keep });
  const sync = useCommand('metering.sync', { onSuccess: keep });
  const commands = { meter: setMeterActive, price: setPriceActive, unbind: bindFeature, sync };
  const { start, isAsking, question } = useAskedAct<CatalogAct>({
    asks: (act) => act.kind === 'unbind' || ('active' in act && !act.active),
    questionOf: wordsOf,
    perform: (act, confirmedProduction, onError) => {
      setLast(act);
      const answered = { onSuccess: () => announce(wordsOf(act).done), onError };
      switch (act.kind) {
        case 'meter': {
          const { eventName, active } = act;
          return setMeterActive.mutate({ eventName, active, confirmedProduction }, answered);
        }
        case 'price': {
          const { id, active } = act;
          return setPriceActive.mutate({ id, active, confirmedProduction }, answered);
        }
        case 'unbind': {
          const { feature, planTier, eventName } = act.binding;
          return bindFeature.mutate(
            { feature, planTier, eventName, mode: null, confirmedProduction },
            answered,
          );
        }
        case 'sync':
          return sync.mutate({ confirmedProduction }, answered);
      }
    },
  });
  const command = last === null ? null : commands[last.kind];
  return {
    start,
    /** What is under way. */
    running: command?.isPending === true ? last : null,
    isAsking,
    /** Of what was done last: an older failure says nothing any more. */
    error: command?.error ?? null,
    /** The same, where it was with this price. */
    errorOfPrice: (id: string) =>
      last?.kind === 'price' && last.id === id ? (command?.error ?? null) : null,
    question,
  };
}

export type CatalogActs = ReturnType<typeof useCatalogActs>;

function wordsOf(act: CatalogAct): ActQuestion & { done: string } {
  switch (act.kind) {
    case 'meter':
      return act.active
        ? {
            title: `Activate ${act.name}?`,
            confirmLabel: 'Activate',
            words: 'The meter takes reports again.',
            done: `${act.name} is active.`,
          }
        : {
            title: `Deactivate ${act.name}?`,
            confirmLabel: 'Deactivate',
            words: 'An inactive meter takes no reports. What was reported stays and is billed.',
            done: `${act.name} is inactive.`,
          };
    case 'price':
      return act.active
        ? {
            title: `Offer ${act.name} again?`,
            confirmLabel: 'Activate',
            words: 'Customers can be put on the price again.',
            done: `${act.name} is active.`,
          }
        : {
            title: `Deactivate ${act.name}?`,
            confirmLabel: 'Deactivate',
            words: 'An inactive price is sold to nobody else; who has it keeps it.',
            done: `${act.name} is inactive.`,
          };
    case 'unbind':
      return {
        title: `Stop metering ${act.binding.feature}?`,
        confirmLabel: 'Remove',
        words: 'Its uses deduct credits again, and are not reported. What was reported stays.',
        done: `${act.binding.feature} is no longer metered.`,
      };
    case 'sync':
      return {
        title: 'Send meters and prices to Stripe?',
        confirmLabel: 'Send to Stripe',
        words: 'Meters and prices that Stripe lacks are made there, and active ones made to agree.',
        done: 'Stripe has meters and prices as they are here.',
      };
  }
}
