import { Anchor, Button } from '@mantine/core';
import { useRef } from 'react';
import { Link } from 'wouter';
import { useSession } from '#renderer/api/session.tsx';
import { Sparkline } from '#renderer/charts/Sparkline.tsx';
import { formatCredits, formatQuantity } from '#renderer/format/credits.ts';
import { formatDayShort, formatInstant } from '#renderer/format/time.ts';
import { paths, transactionsPath } from '#renderer/navigation/paths.ts';
import { type QueryRange, rangeQuery } from '#renderer/navigation/range-query.ts';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { Fact, Facts } from '#renderer/ui/Facts.tsx';
import { Section } from '#renderer/ui/Section.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { rangeInWords } from '#renderer/ui/TimeRangePicker.tsx';
import { useFocusAfterAct } from '#renderer/ui/use-focus-after-act.ts';
import type { Feature } from '#shared/ipc/features.ts';
import type { DayRange } from '#shared/time.ts';
import classes from './feature-costs.module.css';
import { costInWords, featureState, trendInWords } from './feature-words.ts';
import { PriceHistory } from './PriceHistory.tsx';
import { type CostActs, switchOf } from './use-cost-acts.tsx';

/** One feature: what it costs, how much it is used, and every price it had. `acts` null: it can only be looked at. */
export function FeatureDrawer({
  feature,
  range,
  chosen,
  acts,
  onChangePrice,
  onClose,
}: {
  feature: Feature;
  /** The days that its use is counted in. */
  range: DayRange;
  /** The same as the address has them. */
  chosen: QueryRange;
  acts: CostActs | null;
  onChangePrice: () => void;
  onClose: () => void;
}) {
  const { timeZone } = useSession();
  const state = featureState(feature);
  const turn = switchOf(feature);
  const [next] = feature.scheduled;
  const running = acts?.running ?? null;
  const switchButton = useRef<HTMLButtonElement>(null);
  const priceButton = useRef<HTMLButtonElement>(null);
  // A withdrawn price takes its button along.
  useFocusAfterAct(running !== null, running?.kind === 'withdraw' ? priceButton : switchButton);
  const hasPrice = feature.current !== null || next !== undefined;
  return (
    <SideDrawer
      opened
      // Esc reaches the question that lies over the drawer and the drawer alike.
      onClose={() => {
        if (acts?.isAsking !== true) onClose();
      }}
      title={feature.feature}
      width={560}
      foot={
        acts !== null && (
          <div className={classes.acts}>
            {turn?.kind === 'setActive' && (
              <Button
                ref={switchButton}
                variant="default"
                loading={running?.kind === 'setActive'}
                onClick={() => acts.start(turn)}
              >
                {turn.active ? 'Activate' : 'Deactivate'}
              </Button>
            )}
            <Button ref={priceButton} onClick={onChangePrice}>
              {hasPrice ? 'Change price' : 'Set a price'}
            </Button>
          </div>
        )
      }
    >
      <div className={classes.details}>
        {acts !== null && <CommandFailure error={acts.errorOf(feature.feature)} />}
        <Facts>
          <Fact name="State">
            <StateBadge tone={state.tone}>{state.label}</StateBadge>{' '}
            <span className={classes.hint}>{state.sentence}</span>
          </Fact>
          <Fact name="Price">
            {feature.current === null ? 'None' : costInWords(feature.current)}
          </Fact>
          {next?.validFrom != null && (
            <Fact name="Next price">
              {costInWords(next)} from {formatInstant(next.validFrom, timeZone)}
            </Fact>
          )}
          <Fact name="Name in code">
            <CopyableId value={feature.feature} label="Name in code" />
          </Fact>
          {feature.meters.length > 0 && (
            <Fact name="Billed by">
              {feature.meters.join(', ')}.{' '}
              <Anchor component={Link} inherit href={paths.metering}>
                Metering
              </Anchor>
            </Fact>
          )}
        </Facts>
        <Section title="Use">
          <Facts>
            <Fact name="Credits used">
              {feature.uses === 0 ? (
                'None'
              ) : (
                <>
                  <CreditAmount value={feature.used} /> in {formatQuantity(feature.uses, 'use')}
                </>
              )}
              , {rangeInWords(range)}
            </Fact>
            <Fact name="Before">
              {feature.usedBefore === 0 ? 'None' : formatCredits(feature.usedBefore)} in the{' '}
              {formatQuantity(feature.trend.length, 'day')} right before
            </Fact>
          </Facts>
          {feature.used > 0 && (
            <>
              <div className={classes.trend}>
                <Sparkline values={feature.trend} label={trendInWords(feature, range.from)} />
              </div>
              <div className={classes.trendEnds} aria-hidden="true">
                <span>{formatDayShort(range.from)}</span>
                <span>{formatDayShort(range.to)}</span>
              </div>
              <Anchor
                component={Link}
                inherit
                href={transactionsPath({
                  types: 'usage',
                  feature: feature.feature,
                  ...rangeQuery(chosen),
                })}
              >
                Show these uses in the transaction log
              </Anchor>
            </>
          )}
        </Section>
        <Section title="Prices">
          <PriceHistory feature={feature.feature} acts={acts} />
        </Section>
      </div>
    </SideDrawer>
  );
}
