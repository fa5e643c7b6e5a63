import { ActionIcon } from '@mantine/core';
import { useSession } from '#renderer/api/session.tsx';
import { copyText } from '#renderer/ui/copy-text.ts';
import { CopyIcon } from '#renderer/ui/icons.tsx';
import { Section } from '#renderer/ui/Section.tsx';
import type { Connection } from '#shared/ipc/settings.ts';
import classes from './api-keys.module.css';

const CALL = `curl http://127.0.0.1:4242/v1/customers/user_42/usage \\
  --header "Authorization: Bearer YOUR_KEY" \\
  --header "Content-Type: application/json" \\
  --data '{"feature": "basic_search", "idempotency_key": "search-991"}'`;

/** How a back end uses a key: the command that starts the service, and one call of it. */
export function HowToCall() {
  const { connection } = useSession();
  return (
    <Section title="How to call">
      <p className={classes.words}>
        Keys belong to the HTTP service, which runs without this window.{' '}
        {connection.url === null ? (
          <>
            This is how it is started on the database of this computer; on another one, add{' '}
            <code>--database-url</code>.
          </>
        ) : (
          'This is how it is started on the database of this connection.'
        )}{' '}
        What comes in by a key acts as <code>credits_service</code>: it can spend and hold credits,
        and grant none, whatever the login of the service may do.
      </p>
      <Copyable label="Command" text={serveCommand(connection)} />
      <p className={classes.words}>
        Then send the key with each request. Credits that do not suffice are answered with 402; an
        answer that got lost is asked for again with the same idempotency key. All calls stand in{' '}
        <code>/openapi.json</code>.
      </p>
      <Copyable label="Example" text={CALL} />
    </Section>
  );
}

function Copyable({ label, text }: { label: string; text: string }) {
  return (
    <div className={classes.code}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, and by keyboard only what has the focus does */}
      <pre className={classes.text} tabIndex={0}>
        {text}
      </pre>
      <ActionIcon
        aria-label={`Copy the ${label.toLowerCase()}`}
        title={`Copy the ${label.toLowerCase()}`}
        onClick={() => void copyText(text, label)}
      >
        <CopyIcon />
      </ActionIcon>
    </div>
  );
}

/**
 * The command that starts the service on the database of a connection; who logs in, and with what, is left to fill in. The
 * database beside the console needs no address.
 */
function serveCommand({ url }: Pick<Connection, 'url'>): string {
  const command = 'npm run cli -- serve --port 4242';
  if (url === null) return command;
  const parsed = URL.parse(url);
  const place =
    parsed === null ? 'HOST:PORT/DATABASE' : `${parsed.host}${parsed.pathname}${parsed.search}`;
  // It stands between single quotes of a shell.
  return `${command} --database-url 'postgresql://SERVICE_USER:PASSWORD@${place.replaceAll("'", '%27')}'`;
}
