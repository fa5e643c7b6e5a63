import { cpSync } from 'node:fs';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';
import type { Plugin } from 'vite';

const root = import.meta.dirname;

/** What the bundles may use, by the major version of the Electron that will run them. */
const targets =
  Number(process.env.ELECTRON_MAJOR_VER ?? 45) < 45
    ? { node: 'node20.18', chrome: 'chrome130' }
    : { node: 'node24.18', chrome: 'chrome152' };

/** What main reads from files at run time goes beside its bundle: the SQL functions (sql/) and the window's icon. */
const copyFiles: Plugin = {
  name: 'copy-files',
  closeBundle() {
    cpSync(join(root, 'src-main/ledger/sql'), join(root, 'out/main/sql'), { recursive: true });
    cpSync(join(root, 'build/package/icons/256x256.png'), join(root, 'out/main/icon.png'));
  },
};

export default defineConfig({
  main: {
    plugins: [copyFiles],
    build: {
      target: targets.node,
      minify: true,
      sourcemap: 'hidden',
      // `dependencies` of package.json stay packages (native files, or pieces found at run time); all else is bundled.
      externalizeDeps: true,
      rolldownOptions: {
        input: { main: join(root, 'src-main/electron/main.ts') },
        output: { format: 'es', entryFileNames: '[name].js' },
      },
    },
  },
  preload: {
    build: {
      target: targets.node,
      minify: true,
      externalizeDeps: false,
      rolldownOptions: {
        input: { preload: join(root, 'src-main/electron/preload.ts') },
        // A sandboxed preload can be nothing else than one CommonJS file.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'src-renderer',
    plugins: [react()],
    build: {
      target: targets.chrome,
      outDir: join(root, 'out/renderer'),
      minify: true,
      // The content security policy allows no inline or data: assets but images.
      assetsInlineLimit: 0,
      rolldownOptions: { input: join(root, 'src-renderer/index.html') },
    },
  },
});
