import { formatCredits, formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatUnits } from '#renderer/format/metering.ts';
import type { Simulation } from './use-simulation.ts';

/** What a use would do, in a sentence or two. */
export function simulationInWords(simulation: Simulation, quantity: number): string {
  const { mode, meter, required, sufficient, missing, availableAfter, balance } = simulation;
  if (mode === 'report') {
    return `Billed through the meter ${meter ?? ''}: no credits are taken, and ${formatUnits(quantity)} would be reported to it.`;
  }
  if (!sufficient || availableAfter === null) {
    const reported = mode === 'both' ? ' Nothing would be reported to the meter either.' : '';
    return `It would be refused: ${formatCreditsInWords(required)} ${required === 1 ? 'is' : 'are'} needed, ${formatCredits(balance.available)} ${balance.available === 1 ? 'is' : 'are'} available, ${formatCredits(missing)} ${missing === 1 ? 'is' : 'are'} missing.${reported}`;
  }
  const also =
    mode === 'both'
      ? ` Besides, ${formatUnits(quantity)} would be reported to the meter ${meter ?? ''} and billed.`
      : '';
  return `It costs ${formatCreditsInWords(required)}: ${formatCredits(balance.available)} available before, ${formatCredits(availableAfter)} after.${also}`;
}
