import { StateBadge } from '#renderer/ui/StateBadge.tsx';

/** Whether a meter or a price is in use. */
export function ActiveState({ active }: { active: boolean }) {
  return (
    <StateBadge tone={active ? 'good' : 'neutral'}>{active ? 'Active' : 'Inactive'}</StateBadge>
  );
}
