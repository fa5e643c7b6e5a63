import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { formatInstant } from '#renderer/format/time.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import type { AppError } from '#shared/errors.ts';
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
  const { connection, timeZone } = useSession();
  const reread = useRereadFeatures();
  const [asked, setAsked] = useState<{ act: CostAct; isProduction: boolean } | null>(null);
  const [last, setLast] = useState<CostAct | null>(null);
  const setCost = useCommand('features.setCost', { onSuccess: reread });
  const withdrawCost = useCommand('features.withdrawCost', {
    onSuccess: reread,
    // Somebody else did: the list is outdated.
    onError: reread,
  });

  function run(act: CostAct, confirmedProduction: boolean) {
    setLast(act);
    const answered = {
      onSuccess: () => announce(wordsOf(act, timeZone).done),
      onError: (error: AppError) => {
        // Main may know of production where this window does not.
        if (error.code === 'confirmation_required') setAsked({ act, isProduction: true });
      },
    };
    const { feature, cost, unit } = act.price;
    if (act.kind === 'withdraw') {
      const { validFrom } = act.price;
      withdrawCost.mutate({ feature, validFrom, confirmedProduction }, answered);
    } else {
      const { active } = act;
      setCost.mutate(
        { isNew: false, feature, cost, unit, active, validFrom: null, confirmedProduction },
        answered,
      );
    }
  }

  const isProduction = connection.environment === 'production';
  const command = last?.kind === 'withdraw' ? withdrawCost : setCost;
  const question = asked === null ? null : wordsOf(asked.act, timeZone);
  return {
    start(act: CostAct) {
      const asks = isProduction || act.kind === 'withdraw' || !act.active;
      if (asks) setAsked({ act, isProduction });
      else run(act, false);
    },
    /** What is under way. */
    running: command.isPending ? last : null,
    isAsking: asked !== null,
    /** Of what was done last: an older failure says nothing any more. */
    error: command.error?.code === 'confirmation_required' ? null : command.error,
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

export type CostActs = ReturnType<typeof useCostActs>;

function wordsOf(
  act: CostAct,
  timeZone: string,
): { title: string; label: string; words: string; done: string } {
  const { feature } = act.price;
  if (act.kind === 'withdraw') {
    const from = formatInstant(act.price.validFrom, timeZone);
    return {
      title: 'Withdraw this price?',
      label: 'Withdraw price',
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
        label: 'Activate',
        words: `It can be used again, at ${costInWords(act.price)}.${later}`,
        done: `${feature} is active.`,
      }
    : {
        title: `Deactivate ${feature}?`,
        label: 'Deactivate',
        words: `From now on each use of it is refused. What was used stays as it is.${later}`,
        done: `${feature} is inactive.`,
      };
}
