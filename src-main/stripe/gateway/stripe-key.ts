export type RecognisedKey =
  | { ok: true; mode: 'test' | 'live'; kind: 'secret' | 'restricted' }
  | { ok: false; why: string };

const KEY = /^(sk|rk)_(test|live)_([A-Za-z0-9]+)$/;
/** What a Stripe-compatible server on this computer may call a key: it has no accounts that a length could tell. */
const LOCAL_KEY = /^(sk|rk)_(test|live)_([A-Za-z0-9_-]+)$/;
// Stripe's oldest keys have 24 characters after the prefix, today's about 100; 255 is the most it promises.
const SHORTEST = 24;
const LONGEST = 255;

/**
 * What kind of API key a text is, by its form alone; only Stripe knows whether it is good. `why` is a sentence for the
 * person who pasted it and never repeats the text. With `localServer`, for servers that only play Stripe, any length is right.
 */
export function recogniseKey(text: string, options: { localServer?: boolean } = {}): RecognisedKey {
  const match = (options.localServer === true ? LOCAL_KEY : KEY).exec(text);
  if (!match) return { ok: false, why: whyNot(text) };
  const length = (match[3] ?? '').length;
  if (options.localServer !== true && length < SHORTEST) {
    return {
      ok: false,
      why: 'The key is too short: part of it is missing. Copy the whole key from Stripe’s dashboard.',
    };
  }
  if (text.length > LONGEST) {
    return {
      ok: false,
      why: 'The key is too long: something else was pasted with it. Copy only the key from Stripe’s dashboard.',
    };
  }
  return {
    ok: true,
    mode: match[2] === 'live' ? 'live' : 'test',
    kind: match[1] === 'rk' ? 'restricted' : 'secret',
  };
}

function whyNot(text: string): string {
  if (text.trim() === '') return 'Paste a key: it begins with sk_test_ or rk_test_.';
  if (/\s/.test(text)) return 'There is a space or a line break in the key. Paste the key alone.';
  if (/^pk_/.test(text)) {
    return 'This is a publishable key, which can read nothing. Use a secret key (sk_…) or a restricted one (rk_…).';
  }
  if (/^whsec_/.test(text)) {
    return 'This is the secret of a webhook endpoint, not an API key. A key begins with sk_ or rk_.';
  }
  if (/^(sk|rk)_org_/.test(text)) {
    return 'This is the key of an organisation, which stands for no single account. Use a key of the one account the console works with.';
  }
  if (/^ek_|_secret_/.test(text)) {
    return 'This is a secret for one payment or one customer, not an API key. A key begins with sk_ or rk_.';
  }
  if (/^(acct|cus|pi|price|prod|mk|ca)_/.test(text)) {
    return 'This is the id of something in Stripe, not an API key. A key begins with sk_ or rk_.';
  }
  if (/^["'`]|["'`]$/.test(text))
    return 'There are quotation marks around the key. Paste the key alone.';
  if (/[*•…]/.test(text)) {
    return 'Part of the key is hidden. Reveal it in Stripe’s dashboard and copy the whole key.';
  }
  if (/^(sk|rk)_(test|live)_$/.test(text)) {
    return 'The key is too short: part of it is missing. Copy the whole key from Stripe’s dashboard.';
  }
  if (/^(sk|rk)_(test|live)_/.test(text)) {
    return 'The key has a character that keys do not have. Copy the key again from Stripe’s dashboard.';
  }
  return 'This is not a Stripe key: one begins with sk_test_, rk_test_, sk_live_ or rk_live_.';
}
