import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { formatInstant } from '#renderer/format/time.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { type ActQuestion, useAskedAct } from '#renderer/ui/use-asked-act.tsx';
import type { Feature, FeatureCost } from '#shared/ipc/features.ts';
import { costInWords } from './feature-words.ts';
import { useRereadFeatures } from './use-reread-features.ts';

/** What can be done about a feature's prices with a single press. */
export type CostAct =
  | { kind: 'setActive'; price: FeatureCost; active: boolean; next: FeatureCost | undefined }
  | { kind: 'withdraw'; price: FeatureCost & { validFrom: string } };

/** Switches the price that holds now on or off; null where there is none. */
export function switchOf({ current, scheduled }: Feature): CostAct | null {
  if (current === null) return null;
  return { kind: 'setActive', price: current, active: !current.active, next: scheduled[0] };
}

/** The acts on a feature's prices. What is taken away is asked about first, and on production everything is. Render `question` once. */
export function useCostActs() {
  const { timeZone } = useSession();
  const reread = useRereadFeatures();
  const [last, setLast] = useState<CostAct | null>(null);
  const setCost = useCommand('features.setCost', { onSuccess: reread });
  const withdrawCost = useCommand('features.withdrawCost', {
    onSuccess: reread,
    // Somebody else did: the list is outdated.
    onError: reread,
  });
  const { start, isAsking, question } = useAskedAct<CostAct>({
    asks: (act) => act.kind === 'withdraw' || !act.active,
    questionOf: (act) => wordsOf(act, timeZone),
    perform: (act, confirmedProduction, onError) => {
      setLast(act);
      const answered = { onSuccess: () => announce(wordsOf(act, timeZone).done), onError };
      const { feature, cost, unit } = act.price;
      if (act.kind === 'withdraw') {
        const { validFrom } = act.price;
        withdrawCost.mutate({ feature, validFrom, confirmedProduction }, answered);
      } else {
        const { active } = act;
        // The question before it names a price only where it is activated: else it stays, also one that was just set elsewhere.
        const price = active ? { cost, unit } : { cost: null, unit: null };
        setCost.mutate(
          { isNew: false, feature, ...price, active, validFrom: null, confirmedProduction },
          answered,
        );
      }
    },
  });
  const command = last?.kind === 'withdraw' ? withdrawCost : setCost;
  return {
    start,
    /** What is under way. */
    running: command.isPending ? last : null,
    isAsking,
    /** Of what was done last, where it was with this feature: an older failure says nothing any more. */
    errorOf: (feature: string) => (last?.price.feature === feature ? command.error : null),
    question,
  };
}

export type CostActs = ReturnType<typeof useCostActs>;

function wordsOf(act: CostAct, timeZone: string): ActQuestion & { done: string } {
  const { feature } = act.price;
  if (act.kind === 'withdraw') {
    const from = formatInstant(act.price.validFrom, timeZone);
    return {
      title: 'Withdraw this price?',
      confirmLabel: 'Withdraw price',
      words: `${feature} will not change to ${costInWords(act.price)} on ${from}; the price before it goes on.`,
      done: `The price of ${feature} from ${from} is withdrawn.`,
    };
  }
  const later =
    act.next?.validFrom != null && act.next.active !== act.active
      ? ` The price set for ${formatInstant(act.next.validFrom, timeZone)} makes it ${act.next.active ? 'active again' : 'inactive then'}.`
      : '';
  return act.active
    ? {
        title: `Activate ${feature}?`,
        confirmLabel: 'Activate',
        words: `It can be used again, at ${costInWords(act.price)}.${later}`,
        done: `${feature} is active.`,
      }
    : {
        title: `Deactivate ${feature}?`,
        confirmLabel: 'Deactivate',
        words: `From now on each use of it is refused. What was used stays as it is.${later}`,
        done: `${feature} is inactive.`,
      };
}
