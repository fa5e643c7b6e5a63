import { Button, Popover } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { ChevronDownIcon } from '#renderer/ui/icons.tsx';

/** A button that opens a small form: a part of the filter that is entered rather than chosen. */
export function FormFilter({
  label,
  children,
}: {
  label: string;
  /** Makes the form; `close` is for when it was submitted. */
  children: (close: () => void) => ReactNode;
}) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <Button
          variant="default"
          rightSection={<ChevronDownIcon size={12} />}
          onClick={() => setOpened(!opened)}
        >
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={label}>{children(() => setOpened(false))}</Popover.Dropdown>
    </Popover>
  );
}
