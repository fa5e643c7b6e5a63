import { Anchor, VisuallyHidden } from '@mantine/core';
import { useSession } from '#renderer/api/session.tsx';
import { formatCreditsInWords, formatQuantity } from '#renderer/format/credits.ts';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { formatExpiry } from '#renderer/format/time.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { Fact, Facts } from '#renderer/ui/Facts.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import classes from './feature-costs.module.css';
import { simulationInWords } from './simulation-words.ts';
import type { Simulation, SimulationState } from './use-simulation.ts';

/** So many grants are listed; the rest is told as a number. */
const GRANTS_SHOWN = 20;

/** What the ledger says a use would do. Numbers of other fields than the present ones are never shown. */
export function SimulationOutcome({
  state,
  quantity,
}: {
  state: SimulationState;
  /** Units, as the fields have them now. */
  quantity: number;
}) {
  return (
    <section
      className={classes.outcome}
      aria-label="Outcome"
      aria-busy={state.status === 'working'}
    >
      <VisuallyHidden role="status">{spoken(state, quantity)}</VisuallyHidden>
      <Content state={state} quantity={quantity} />
    </section>
  );
}

/** The one sentence that is read out: the tables would be too much at every key. */
function spoken(state: SimulationState, quantity: number): string {
  if (state.status === 'refused') return state.error.message;
  return state.status === 'ready' ? simulationInWords(state.simulation, quantity) : '';
}

function Content({ state, quantity }: { state: SimulationState; quantity: number }) {
  switch (state.status) {
    case 'idle':
      return (
        <p className={classes.hint}>Choose a feature and a quantity to see what a use does.</p>
      );
    case 'working':
      return <p className={classes.hint}>Asking the ledger…</p>;
    case 'refused':
      return (
        <p className={classes.sentence} data-refused>
          <strong>It would be refused.</strong> {state.error.message}
        </p>
      );
    case 'failed':
      return (
        <p className={classes.hint}>
          No answer: {state.error.message}{' '}
          <Anchor component="button" type="button" inherit onClick={state.retry}>
            Ask again
          </Anchor>
        </p>
      );
    case 'ready':
      return <Ready simulation={state.simulation} quantity={quantity} />;
  }
}

function Ready({ simulation, quantity }: { simulation: Simulation; quantity: number }) {
  const { balance, availableAfter, unitCost, unit, mode, sufficient, grants } = simulation;
  return (
    <>
      <p className={classes.sentence} data-refused={!sufficient || undefined} aria-hidden="true">
        {simulationInWords(simulation, quantity)}
      </p>
      <Facts>
        <Fact name="Price">
          {formatCreditsInWords(unitCost)} per {unit}
          {mode === 'report' && ', where no meter bills it'}
        </Fact>
        <Fact name="Available now">
          <CreditAmount value={balance.available} warnBelowZero />
          {balance.held > 0 && (
            <span className={classes.hint}> besides {formatCreditsInWords(balance.held)} held</span>
          )}
        </Fact>
        <Fact name="Available after">
          {availableAfter === null ? (
            'As now: nothing is taken'
          ) : (
            <CreditAmount value={availableAfter} warnBelowZero />
          )}
        </Fact>
      </Facts>
      {grants.length > 0 && <Payers grants={grants} sufficient={sufficient} />}
    </>
  );
}

function Payers({ grants, sufficient }: { grants: Simulation['grants']; sufficient: boolean }) {
  const { timeZone } = useSession();
  const label = sufficient ? 'Grants that would pay' : 'Grants that could pay a part';
  const more = grants.length - GRANTS_SHOWN;
  return (
    <div>
      <Table
        label={label}
        head={
          <>
            <th scope="col">{label}</th>
            <th scope="col" data-number>
              Left now
            </th>
            <th scope="col" data-number>
              {sufficient ? 'Pays' : 'Could pay'}
            </th>
          </>
        }
      >
        {grants
          .slice(0, GRANTS_SHOWN)
          .map(({ id, source, description, expiresAt, remaining, taken }) => (
            <tr key={id}>
              <th scope="row" data-wrap>
                {[transactionTypeLabel(source), description].filter(Boolean).join(', ')}{' '}
                <span className={classes.hint}>{formatExpiry(expiresAt, timeZone)}</span>
              </th>
              <td data-number>
                <CreditAmount value={remaining} />
              </td>
              <td data-number>
                <CreditAmount value={taken} />
              </td>
            </tr>
          ))}
      </Table>
      {more > 0 && <p className={classes.hint}>and {formatQuantity(more, 'more grant')}</p>}
    </div>
  );
}
