import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { writeFileAtomicallySync } from '../settings/atomic-file.ts';

export type Area = { x: number; y: number; width: number; height: number };

const windowStateSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(200).max(20_000),
  height: z.number().int().min(200).max(20_000),
  maximized: z.boolean(),
  zoomFactor: z.number().min(0.5).max(3),
});
export type WindowState = z.output<typeof windowStateSchema>;

export const WINDOW_MIN = { width: 800, height: 560 };
const WINDOW_DEFAULT = { width: 1440, height: 900 };
/** So much of the title bar must lie on a display that the window can be taken hold of. */
const GRIP = { width: 120, height: 40 };

/** The state of the last run; undefined where there is none or it cannot be read: it is not worth an error. */
export function readWindowState(file: string): WindowState | undefined {
  try {
    return windowStateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

export function writeWindowState(file: string, state: WindowState): void {
  writeFileAtomicallySync(file, `${JSON.stringify(state)}\n`);
}

/**
 * Where to open the window: as it was, unless its title bar would lie on no display of today's (one was unplugged); then, and
 * the first time, centred on the main display. `workAreas` starts with the main display's.
 */
export function placeWindow(saved: WindowState | undefined, workAreas: readonly Area[]): Area {
  if (saved && workAreas.some((area) => isWithinReach(saved, area))) {
    return {
      x: saved.x,
      y: saved.y,
      width: Math.max(saved.width, WINDOW_MIN.width),
      height: Math.max(saved.height, WINDOW_MIN.height),
    };
  }
  const main = workAreas[0] ?? { x: 0, y: 0, ...WINDOW_DEFAULT };
  const width = Math.min(saved?.width ?? WINDOW_DEFAULT.width, main.width);
  const height = Math.min(saved?.height ?? WINDOW_DEFAULT.height, main.height);
  return {
    x: main.x + Math.round((main.width - width) / 2),
    y: main.y + Math.round((main.height - height) / 2),
    width,
    height,
  };
}

function isWithinReach(window: Area, display: Area): boolean {
  const left = Math.max(window.x, display.x);
  const right = Math.min(window.x + window.width, display.x + display.width);
  const titleTop = window.y;
  return (
    right - left >= GRIP.width &&
    titleTop >= display.y &&
    titleTop + GRIP.height <= display.y + display.height
  );
}
