import { announce } from './announce.tsx';

/** Puts text on the clipboard and says so; `what` names it ("Customer id"). Returns whether it worked. */
export async function copyText(text: string, what: string): Promise<boolean> {
  const copied = (await writeToClipboard(text)) || copyBySelection(text);
  announce(copied ? `${what} copied.` : `${what} could not be copied.`);
  return copied;
}

async function writeToClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

// The window refuses every permission, the clipboard's among them; the old command needs none.
function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('aria-hidden', 'true');
  area.style.position = 'fixed';
  area.style.opacity = '0';
  // Inside an open dialog, whose focus trap would take the focus back from anywhere else.
  (focused?.closest('[aria-modal="true"]') ?? document.body).append(area);
  area.select();
  let copied = false;
  try {
    copied = document.execCommand('copy');
  } catch {
    copied = false;
  }
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
