import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

// What jsdom leaves out and the components ask for. Every element measures 1,200 × 800, so that virtual lists show rows.
const WIDTH = 1200;
const HEIGHT = 800;

Object.defineProperties(HTMLElement.prototype, {
  clientWidth: { configurable: true, get: () => WIDTH },
  clientHeight: { configurable: true, get: () => HEIGHT },
  offsetWidth: { configurable: true, get: () => WIDTH },
  offsetHeight: { configurable: true, get: () => HEIGHT },
});
Element.prototype.scrollTo = () => {};
Element.prototype.scrollIntoView = () => {};
document.execCommand = () => false;

class ObserverStub implements ResizeObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}
window.ResizeObserver = ObserverStub;

window.matchMedia = (media) => ({
  matches: false,
  media,
  onchange: null,
  addEventListener: () => {},
  removeEventListener: () => {},
  addListener: () => {},
  removeListener: () => {},
  dispatchEvent: () => false,
});

// The whole document in every failure buries what went wrong.
configure({
  getElementError: (message) => new Error(message ?? 'Element not found'),
  // Two cores are shared with a PostgreSQL: a second is not always enough for a page to come.
  asyncUtilTimeout: 10_000,
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  window.location.hash = '';
});
