import { describe, expect, it } from 'vitest';
import { isTrustedOrigin } from '#main/electron/sender-guard.ts';

const ours = new Set([1]);
const good = { contentsId: 1, frameUrl: 'app://console/index.html#/customers', isMainFrame: true };

describe('a call', () => {
  it('from the main frame of our window on our page is trusted', () => {
    expect(isTrustedOrigin(good, ours)).toBe(true);
  });

  it('from contents that are not one of our windows is not', () => {
    expect(isTrustedOrigin({ ...good, contentsId: 2 }, ours)).toBe(false);
    expect(isTrustedOrigin(good, new Set())).toBe(false);
  });

  it('from a frame inside our window is not', () => {
    expect(isTrustedOrigin({ ...good, isMainFrame: false }, ours)).toBe(false);
  });

  it('from a frame that is gone is not', () => {
    expect(isTrustedOrigin({ ...good, frameUrl: undefined }, ours)).toBe(false);
  });

  it.each([
    'https://console/index.html',
    'app://console.evil/index.html',
    'app://evil/console',
    'app://console:80/index.html',
    'application://console/',
    'file:///console/index.html',
    'about:blank',
    'data:text/html,app://console/',
    'https://evil.example/app://console/',
    '',
    'not an address',
  ])('from %j is not', (frameUrl) => {
    expect(isTrustedOrigin({ ...good, frameUrl }, ours)).toBe(false);
  });
});
