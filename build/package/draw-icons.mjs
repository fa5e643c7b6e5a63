// Draws icons/*.png from icon.svg. Run by hand after the drawing changed, on a machine with a display:
//   node build/package/draw-icons.mjs
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron } from '@playwright/test';
import { switchesForThisUser } from '../electron-runtime/launch-options.mjs';
import { ensureRuntime } from '../electron-runtime/runtime.mjs';
import { withDisplay } from '../setup/display.mjs';

const sizes = [16, 24, 32, 48, 64, 128, 256, 512];
const folder = join(import.meta.dirname, 'icons');
const drawing = readFileSync(join(import.meta.dirname, 'icon.svg'), 'utf8');

const app = mkdtempSync(join(tmpdir(), 'credit-console-icons-'));
writeFileSync(
  join(app, 'package.json'),
  '{ "name": "icons", "version": "0.0.0", "main": "main.cjs" }',
);
writeFileSync(
  join(app, 'main.cjs'),
  "const { app, BrowserWindow } = require('electron'); app.whenReady().then(() => new BrowserWindow({ width: 600, height: 600 }).loadURL('about:blank'));",
);
try {
  const { executablePath } = await ensureRuntime();
  await withDisplay(async () => {
    const electron = await _electron.launch({
      executablePath,
      args: [app, ...switchesForThisUser()],
    });
    const window = await electron.firstWindow();
    mkdirSync(folder, { recursive: true });
    for (const size of sizes) {
      const data = await window.evaluate(draw, { drawing, size });
      writeFileSync(join(folder, `${size}x${size}.png`), Buffer.from(data, 'base64'));
    }
    await electron.close();
  });
} finally {
  rmSync(app, { recursive: true, force: true });
}

/**
 * Runs in the window: the drawing as a PNG of the size, in base64.
 * @param {{ drawing: string, size: number }} request
 */
async function draw({ drawing, size }) {
  const image = new Image(size, size);
  image.src = `data:image/svg+xml,${encodeURIComponent(drawing)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = size;
  canvas.height = size;
  canvas.getContext('2d')?.drawImage(image, 0, 0, size, size);
  return canvas.toDataURL('image/png').split(',')[1] ?? '';
}
