import { ensureRuntime } from '../electron-runtime/runtime.mjs';
import { ensureSandbox } from '../electron-runtime/sandbox.mjs';
import { ensureBundle } from './bundle.mjs';
import { needsVirtualDisplay } from './display.mjs';
import { ensureSystemLibraries } from './system-libraries.mjs';

/** All that a window needs: system libraries, an Electron, and the built app. */
export async function prepareWindow() {
  await ensureSystemLibraries({ needsDisplay: needsVirtualDisplay() });
  const runtime = await ensureRuntime();
  ensureSandbox(runtime);
  await ensureBundle(runtime);
  return runtime;
}
