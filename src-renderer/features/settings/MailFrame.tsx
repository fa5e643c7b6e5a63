import classes from './NotificationSettings.module.css';

/**
 * A mail's HTML as its reader sees it, in a frame that runs no script, sends no form and opens nothing. White in both colour
 * schemes: so mail programs show it.
 */
export function MailFrame({ html, title }: { html: string; title: string }) {
  return <iframe className={classes.mail} title={title} sandbox="" srcDoc={html} />;
}
