import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  placeWindow,
  readWindowState,
  WINDOW_MIN,
  type WindowState,
  writeWindowState,
} from '#main/electron/window-state.ts';
import { nextZoom } from '#main/electron/zoom.ts';

const laptop = { x: 0, y: 25, width: 1440, height: 875 };
const monitor = { x: 1440, y: 0, width: 2560, height: 1440 };
const state: WindowState = {
  x: 1600,
  y: 100,
  width: 1500,
  height: 1000,
  maximized: false,
  zoomFactor: 1.25,
};

describe('the window', () => {
  it('opens the first time in the middle of the main display, no larger than it', () => {
    expect(placeWindow(undefined, [laptop, monitor])).toEqual(laptop);
    expect(placeWindow(undefined, [monitor])).toEqual({
      x: 2000,
      y: 270,
      width: 1440,
      height: 900,
    });
  });

  it('opens where it was', () => {
    expect(placeWindow(state, [laptop, monitor])).toEqual({
      x: 1600,
      y: 100,
      width: 1500,
      height: 1000,
    });
  });

  it('comes back to the main display when its own is gone', () => {
    expect(placeWindow(state, [laptop])).toEqual({ x: 0, y: 25, width: 1440, height: 875 });
  });

  it.each([
    { x: 3900, y: 100 },
    { x: 1600, y: -80 },
    { x: -1450, y: 100 },
    { x: 1600, y: 1420 },
  ])('comes back when its title bar cannot be reached at %j', (place) => {
    const { x, y, width, height } = placeWindow({ ...state, ...place }, [laptop, monitor]);
    expect(x).toBeGreaterThanOrEqual(laptop.x);
    expect(y).toBeGreaterThanOrEqual(laptop.y);
    expect(x + width).toBeLessThanOrEqual(laptop.x + laptop.width);
    expect(y + height).toBeLessThanOrEqual(laptop.y + laptop.height);
  });

  it('is never smaller than what can be worked in', () => {
    const placed = placeWindow({ ...state, width: 200, height: 200 }, [laptop, monitor]);
    expect(placed).toMatchObject(WINDOW_MIN);
  });
});

describe('the window’s file', () => {
  it('keeps every field, and counts as absent when it is broken', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'credit-console-window-'));
    const file = join(folder, 'window.json');
    try {
      expect(readWindowState(file)).toBeUndefined();
      writeWindowState(file, state);
      expect(readWindowState(file)).toEqual(state);
      for (const broken of ['', '{', '[]', '{"x":1e99}', JSON.stringify({ ...state, width: -5 })]) {
        await writeFile(file, broken);
        expect(readWindowState(file)).toBeUndefined();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the zoom', () => {
  it('goes through its steps and stops at either end', () => {
    expect(nextZoom(1, 'in')).toBe(1.1);
    expect(nextZoom(1.1, 'out')).toBe(1);
    expect(nextZoom(1.1000000238, 'in')).toBe(1.25);
    expect(nextZoom(2, 'in')).toBe(2);
    expect(nextZoom(0.75, 'out')).toBe(0.75);
  });
});
