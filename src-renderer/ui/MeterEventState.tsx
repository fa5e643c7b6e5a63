import { meterEventStateWords } from '#renderer/format/metering.ts';
import type { MeterEventState as State } from '#shared/ipc/metering.ts';
import { StateBadge } from './StateBadge.tsx';

/** How a meter event stands, as a word in a frame; the whole sentence as its tooltip. */
export function MeterEventState({ state }: { state: State }) {
  const { label, tone, sentence } = meterEventStateWords(state);
  return (
    <StateBadge tone={tone} title={sentence}>
      {label}
    </StateBadge>
  );
}
