// A customer's browser for the tests: one window of plain Chromium, without anything of the console's.
import { app, BrowserWindow } from 'electron';

app.whenReady().then(() => {
  new BrowserWindow({ show: true, width: 900, height: 900 }).loadURL(
    // Not about:blank: Playwright waits for a page that leaves it.
    'data:text/html,<title>Browser</title>',
  );
});
app.on('window-all-closed', () => app.quit());
