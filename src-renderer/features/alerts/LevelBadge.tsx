import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import type { AlertKind } from '#shared/ipc/alerts.ts';
import { levelWords } from './alert-words.ts';

/** Whether a customer is low or has nothing left, as a word in a frame; what it means as its tooltip. */
export function LevelBadge({ level }: { level: AlertKind }) {
  const { label, tone, sentence } = levelWords(level);
  return (
    <StateBadge tone={tone} title={sentence}>
      {label}
    </StateBadge>
  );
}
