import {
  Button,
  Checkbox,
  PasswordInput,
  Radio,
  SegmentedControl,
  Stack,
  TextInput,
} from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useId, useRef } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { environmentLabel } from '#renderer/format/labels.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import {
  CONNECTION_COLORS,
  type Connection,
  ENVIRONMENTS,
  type Environment,
} from '#shared/ipc/settings.ts';
import classes from './ConnectionForm.module.css';
import { ConnectionReport } from './ConnectionReport.tsx';
import { connectionUrlProblem, splitPassword, withPassword } from './connection-url.ts';

type Color = (typeof CONNECTION_COLORS)[number];
type Values = {
  name: string;
  color: Color;
  environment: Environment;
  url: string;
  password: string;
  allowUnverifiedTls: boolean;
};

const NAME_MAX = 60;

/** The form of one connection, in a drawer; `connection` null adds a new one. */
export function ConnectionForm(props: {
  connection: Connection | null;
  keyStoreAvailable: boolean;
  onClose: () => void;
}) {
  const { connection } = props;
  const isEmbedded = connection?.kind === 'embedded';
  const formId = useId();
  const queryClient = useQueryClient();
  const test = useCommand('connections.test');
  const save = useCommand('connections.save');
  const form = useForm<Values>({
    initialValues: {
      name: connection?.name ?? '',
      color: connection?.color ?? 'teal',
      environment: connection?.environment ?? 'staging',
      url: connection?.url ?? '',
      password: '',
      allowUnverifiedTls: connection?.allowUnverifiedTls ?? false,
    },
    validate: {
      name: (name) => (name.trim() === '' ? 'Enter a name.' : null),
      url: (url, values) => (isEmbedded ? null : connectionUrlProblem(url, values.password)),
    },
  });

  /** A password that was pasted with the address goes to its own field, where it is not readable. */
  function hidePassword() {
    const { url, password } = splitPassword(form.values.url);
    if (url !== form.values.url) form.setFieldValue('url', url);
    if (password !== null) form.setFieldValue('password', password);
  }
  /** The address as main wants it, with the password where one was entered. */
  function fullUrl(values: Values): string {
    if (isEmbedded) return '';
    const split = splitPassword(values.url);
    return withPassword(split.url, split.password ?? values.password);
  }
  function onTest() {
    hidePassword();
    if (form.validateField('url').hasError) return;
    save.reset();
    test.mutate(
      {
        id: connection?.id ?? null,
        url: fullUrl(form.values),
        allowUnverifiedTls: form.values.allowUnverifiedTls,
      },
      {
        onSuccess: () => announce('The connection works.'),
        onError: (error) => form.setErrors(error.fields ?? {}),
      },
    );
  }
  function onSave(values: Values) {
    test.reset();
    save.mutate(
      {
        id: connection?.id ?? null,
        name: values.name,
        color: values.color,
        environment: values.environment,
        url: fullUrl(values),
        allowUnverifiedTls: values.allowUnverifiedTls,
      },
      {
        onSuccess: (saved) => {
          announce(`Connection ${saved.name} saved.`);
          void queryClient.invalidateQueries({ queryKey: ['connections.list'] });
          void queryClient.invalidateQueries({ queryKey: ['settings.session'] });
          props.onClose();
        },
        onError: (error) => form.setErrors(error.fields ?? {}),
      },
    );
  }

  const error = save.error ?? test.error;
  const outcomeRef = useRef<HTMLDivElement>(null);
  const hasOutcome = error !== null || test.data !== undefined;
  // The outcome stands below the fields, where a low window does not show it.
  useEffect(() => {
    if (hasOutcome) outcomeRef.current?.scrollIntoView({ block: 'start' });
  }, [hasOutcome]);

  return (
    <SideDrawer
      opened
      onClose={props.onClose}
      title={connection === null ? 'Add a connection' : `Edit ${connection.name}`}
      width={520}
      foot={
        <div className={classes.foot}>
          {!isEmbedded && (
            <Button variant="default" onClick={onTest} loading={test.isPending}>
              Test
            </Button>
          )}
          <div className={classes.footEnd}>
            <Button variant="subtle" color="gray" onClick={props.onClose}>
              Cancel
            </Button>
            <Button type="submit" form={formId} loading={save.isPending}>
              Save connection
            </Button>
          </div>
        </div>
      }
    >
      <form id={formId} noValidate onSubmit={form.onSubmit(onSave)}>
        <Stack gap="lg">
          <TextInput
            label="Name"
            data-autofocus
            maxLength={NAME_MAX}
            {...form.getInputProps('name')}
          />
          <Radio.Group label="Colour" {...form.getInputProps('color')}>
            <div className={classes.colors}>
              {CONNECTION_COLORS.map((color) => (
                <Radio.Card key={color} value={color} className={classes.color} aria-label={color}>
                  <span
                    className={classes.swatch}
                    style={{ background: `var(--connection-${color})` }}
                    title={color}
                  />
                </Radio.Card>
              ))}
            </div>
          </Radio.Group>
          <div>
            <div className={classes.label} id={`${formId}-environment`}>
              Environment
            </div>
            <SegmentedControl
              fullWidth
              aria-labelledby={`${formId}-environment`}
              data={ENVIRONMENTS.map((value) => ({ value, label: environmentLabel(value) }))}
              {...form.getInputProps('environment')}
            />
            <p className={classes.hint}>
              Production asks once more before anything is posted. The word stands at the top of the
              window all the time.
            </p>
          </div>
          {!isEmbedded && (
            <AddressFields
              form={form}
              connection={connection}
              keyStoreAvailable={props.keyStoreAvailable}
              onUrlLeft={hidePassword}
            />
          )}
        </Stack>
      </form>
      <div className={classes.outcome} ref={outcomeRef}>
        {error !== null && <ErrorState error={error} />}
        {test.data !== undefined && (
          <section aria-label="Report of the test">
            <h3 className={classes.reportTitle}>The connection works</h3>
            <ConnectionReport report={test.data} />
          </section>
        )}
      </div>
    </SideDrawer>
  );
}

function AddressFields(props: {
  form: Pick<UseFormReturnType<Values>, 'getInputProps'>;
  connection: Connection | null;
  keyStoreAvailable: boolean;
  onUrlLeft: () => void;
}) {
  const { form, connection } = props;
  const hasStored = connection?.password === 'key_store' || connection?.password === 'memory';
  const urlProps = form.getInputProps('url');
  return (
    <>
      <TextInput
        label="Address"
        description="As a PostgreSQL URL. A password in it moves to the field below."
        placeholder="postgresql://user@host:5432/database"
        spellCheck={false}
        autoComplete="off"
        maxLength={2000}
        classNames={{ input: classes.url ?? '' }}
        {...urlProps}
        onBlur={(event) => {
          props.onUrlLeft();
          urlProps.onBlur?.(event);
        }}
      />
      <PasswordInput
        label="Password"
        description={
          props.keyStoreAvailable
            ? 'Kept by the operating system’s key store, never in a file of the console.'
            : 'This system offers no key store, so it is kept in memory only and asked for again after the console closes.'
        }
        placeholder={hasStored ? 'Leave empty to keep the stored one' : ''}
        autoComplete="off"
        maxLength={500}
        visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password', tabIndex: 0 }}
        {...form.getInputProps('password')}
      />
      <Checkbox
        label="Allow an unverified server (not safe)"
        description="Otherwise a remote server must prove with a certificate that it is the one you mean. Allow this only on a network that you trust: someone in between could read and change what is sent."
        {...form.getInputProps('allowUnverifiedTls', { type: 'checkbox' })}
      />
    </>
  );
}
