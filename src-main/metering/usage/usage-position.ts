import type { Position } from '#main/ledger/read-usage-position.ts';
import type { UsagePosition } from '#shared/ipc/metering.ts';

/** A position as the window reads it. */
export function toUsagePosition(
  position: Position,
  period: { start: Date; end: Date },
): UsagePosition {
  const { lastSentAt: _, ...units } = position;
  return {
    periodStart: period.start.toISOString(),
    periodEnd: period.end.toISOString(),
    ...units,
  };
}
