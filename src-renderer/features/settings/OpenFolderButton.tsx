import { Button } from '@mantine/core';
import { FolderIcon } from '#renderer/ui/icons.tsx';

type ConsoleFolder = 'data' | 'logs';

const LABELS: Record<ConsoleFolder, string> = {
  data: 'Open data folder',
  logs: 'Open log folder',
};

/** Shows a folder of the console in the file manager. */
export function OpenFolderButton(props: {
  folder: ConsoleFolder;
  onOpen: (input: { folder: ConsoleFolder }) => void;
}) {
  return (
    <Button
      variant="default"
      leftSection={<FolderIcon size={14} />}
      onClick={() => props.onOpen({ folder: props.folder })}
    >
      {LABELS[props.folder]}
    </Button>
  );
}
