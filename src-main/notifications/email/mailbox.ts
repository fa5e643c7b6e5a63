export type Mailbox = { name: string; address: string };

// What an address cannot be without quotes, and what would make two of one: blanks, brackets, commas and the like.
const ADDRESS = /^[^\s<>@"(),:;\\[\]]{1,64}@[^\s<>@"(),:;\\[\]]{1,255}$/;

/** True for one plain address that a mail can be sent to, such as ann@company.example. */
export function isAddress(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
  return ADDRESS.test(text) && !/[\u0000-\u001f\u007f-\u009f]/.test(text);
}

/** Name and address of `Ann <ann@company.example>` or `ann@company.example`; undefined where it is neither. */
export function parseMailbox(text: string): Mailbox | undefined {
  const [, name = '', inBrackets] = /^([^<>]*)<([^<>]+)>$/.exec(text.trim()) ?? [];
  const address = inBrackets ?? text.trim();
  if (!isAddress(address) || /[\r\n]/.test(name)) return undefined;
  return { name: name.trim(), address };
}
