import type { Desktop } from '#main/console.ts';

/** A desktop without a person: it notes the links that are opened, and chooses no file. */
export function desktopNoting(links: string[]): Desktop {
  return {
    chooseSaveFile: async () => undefined,
    showInFolder: () => undefined,
    openFolder: async () => undefined,
    openLink: async (link) => void links.push(link),
    notify: () => undefined,
  };
}
