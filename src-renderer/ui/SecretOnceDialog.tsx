import { Button, Modal } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { copyText } from './copy-text.ts';
import { useHeldPage } from './held-page.ts';
import { CheckIcon, CopyIcon } from './icons.tsx';
import classes from './SecretOnceDialog.module.css';
import { useFocusBack } from './use-focus-back.ts';

/**
 * A secret that was just made, the only time it is seen. Neither Esc nor a press beside the dialog nor the search, the menu or a
 * notice takes it away: only the button that says that it was stored.
 */
export function SecretOnceDialog({
  title,
  secret,
  what,
  children,
  onClose,
}: {
  title: string;
  secret: string;
  /** Names it: "Signing secret". */
  what: string;
  /** Where it has to be put, and that it cannot be shown again. */
  children: ReactNode;
  onClose: () => void;
}) {
  const [copied, setCopied] = useState(false);
  useFocusBack(true);
  useHeldPage();
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={560}
      closeOnEscape={false}
      closeOnClickOutside={false}
      withCloseButton={false}
    >
      <p className={classes.words}>{children}</p>
      <code className={classes.secret}>{secret}</code>
      <div className={classes.foot}>
        <Button variant={copied ? 'filled' : 'default'} onClick={onClose}>
          I have stored it
        </Button>
        <Button
          data-autofocus
          variant={copied ? 'default' : 'filled'}
          leftSection={copied ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
          onClick={async () => setCopied(await copyText(secret, what))}
        >
          {copied ? 'Copied' : `Copy ${what.toLowerCase()}`}
        </Button>
      </div>
    </Modal>
  );
}
