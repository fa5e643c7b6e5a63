import { Checkbox, Stack, TextInput } from '@mantine/core';
import { type GetInputPropsReturnType, useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useCommand } from '#renderer/api/queries.ts';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { problemOf } from '#renderer/ui/form-problems.ts';
import { useSaving } from '#renderer/ui/use-saving.ts';
import {
  API_KEY_SCOPES,
  type ApiKey,
  type ApiKeyScope,
  DEFAULT_API_KEY_SCOPES,
  DEFAULT_REQUESTS_PER_SECOND,
  requestsPerSecondSchema,
} from '#shared/ipc/api-keys.ts';
import { scopeWords } from './scope-words.ts';

/** With what Mantine gives and its types leave out. */
type InputProps = GetInputPropsReturnType & { 'data-path'?: string };

/** A whole number as it was typed, also grouped by commas; null where it is none. */
function readRate(text: string): number | null {
  const digits = text.replaceAll(/[\s,]/g, '');
  return /^\d{1,9}$/.test(digits) ? Number(digits) : null;
}

function rateProblem(text: string): string | null {
  const rate = readRate(text);
  return rate === null ? 'Enter a whole number.' : problemOf(requestsPerSecondSchema, rate);
}

type KeyRights = Pick<ApiKey, 'name' | 'scopes' | 'requestsPerSecond'>;

/** What the form changed of the key that it was opened with: what somebody else changed meanwhile stays, such as a right taken. */
function changedRights(opened: ApiKey, entered: KeyRights): Partial<KeyRights> {
  const hasSameScopes =
    opened.scopes.length === entered.scopes.length &&
    entered.scopes.every((scope) => opened.scopes.includes(scope));
  return {
    ...(entered.name !== opened.name && { name: entered.name }),
    ...(!hasSameScopes && { scopes: entered.scopes }),
    ...(entered.requestsPerSecond !== opened.requestsPerSecond && {
      requestsPerSecond: entered.requestsPerSecond,
    }),
  };
}

/** Makes a key of the HTTP service or changes what one may do; null makes one, which goes to `onMade` with its secret. */
export function ApiKeyForm({
  apiKey,
  onMade,
  onClose,
}: {
  apiKey: ApiKey | null;
  /** The only time that the key itself is seen. */
  onMade: (made: { key: string; apiKey: ApiKey }) => void;
  onClose: () => void;
}) {
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: {
      name: apiKey?.name ?? '',
      scopes: [...(apiKey?.scopes ?? DEFAULT_API_KEY_SCOPES)],
      requestsPerSecond: String(apiKey?.requestsPerSecond ?? DEFAULT_REQUESTS_PER_SECOND),
      confirmed: false,
    },
    validate: {
      // In the order of the fields: the first that is wrong gets the focus.
      name: (name) => (name.trim() === '' ? 'Enter a name.' : null),
      scopes: (scopes) => (scopes.length === 0 ? 'Choose at least one.' : null),
      requestsPerSecond: rateProblem,
    },
  });
  const readAgain = () => void queryClient.invalidateQueries({ queryKey: ['keys.list'] });
  const saving = { setErrors: form.setErrors, onClose };
  const making = useSaving<{ key: string; apiKey: ApiKey }>({
    ...saving,
    keep: (made) => {
      readAgain();
      onMade(made);
    },
    saved: (made) => `${made.apiKey.name} made.`,
  });
  const changing = useSaving<ApiKey>({
    ...saving,
    keep: readAgain,
    saved: ({ name }) => `${name} saved.`,
  });
  // The answer holds the key: it goes with the form, not minutes later.
  const create = useCommand('keys.create', { ...making.whenAnswered, gcTime: 0 });
  const update = useCommand('keys.update', changing.whenAnswered);
  const asksProduction = making.asksProduction || changing.asksProduction;
  const isNew = apiKey === null;

  function submit({ name, scopes, requestsPerSecond, confirmed }: typeof form.values) {
    const rate = readRate(requestsPerSecond);
    if (rate === null) return;
    const rights: KeyRights = {
      name: name.trim(),
      scopes: API_KEY_SCOPES.filter((scope) => scopes.includes(scope)),
      requestsPerSecond: rate,
    };
    const confirmedProduction = asksProduction && confirmed;
    if (isNew) create.mutate({ ...rights, confirmedProduction });
    else update.mutate({ id: apiKey.id, ...changedRights(apiKey, rights), confirmedProduction });
  }
  // The path marks what gets the focus at an error: a box, for the group takes none.
  const { 'data-path': scopesPath, ...scopes }: InputProps = form.getInputProps('scopes');
  return (
    <FormDrawer
      title={isNew ? 'New key' : `Edit ${apiKey.name}`}
      saveLabel={isNew ? 'Make key' : 'Save key'}
      form={form}
      asksProduction={asksProduction}
      save={isNew ? create : update}
      onSubmit={submit}
      onClose={onClose}
      hint={
        isNew
          ? 'The key itself is shown once, right after it is made.'
          : 'Services follow within 5 seconds. The key itself stays the same.'
      }
    >
      <TextInput
        label="Name"
        description="What uses it and where, such as “Web shop, production”."
        data-autofocus
        autoComplete="off"
        maxLength={100}
        {...form.getInputProps('name')}
      />
      <Checkbox.Group
        label="May"
        description="No key can grant credits, whatever it may do besides."
        {...scopes}
        onChange={(chosen) => scopes.onChange(chosen as ApiKeyScope[])}
      >
        <Stack gap="sm" mt={4}>
          {API_KEY_SCOPES.map((scope, at) => (
            <Checkbox
              key={scope}
              value={scope}
              label={scopeWords(scope).label}
              description={scopeWords(scope).sentence}
              {...(at === 0 && { 'data-path': scopesPath })}
            />
          ))}
        </Stack>
      </Checkbox.Group>
      <TextInput
        label="Requests a second"
        description="At each service. What comes beyond that is refused, and can be asked again."
        inputMode="numeric"
        autoComplete="off"
        maxLength={11}
        {...form.getInputProps('requestsPerSecond')}
      />
    </FormDrawer>
  );
}
