import { describe, expect, it } from 'vitest';
import { createLinkOpener, parseExternalLink } from '#main/electron/external-links.ts';

const HOSTILE = [
  'http://tickets.example/1',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'smb://evil.example/share',
  'ms-msdt:/id',
  'vscode://open',
  'credit-console://customer/cus_1',
  'https:',
  'https://',
  '//tickets.example/1',
  'https://bank.example@evil.example/',
  'https://user:pass@evil.example/',
  'https://tickets.example\\@evil.example/',
  'https://tickets.example/a b',
  'https://tickets.example/\u0000',
  '\thttps://tickets.example/',
  ' https://tickets.example/',
  `https://tickets.example/${'a'.repeat(500)}`,
  '',
];

const SIMULATOR = 'http://127.0.0.1:12111';

function opener(answer: boolean, simulator?: string) {
  const asked: string[] = [];
  const opened: string[] = [];
  const open = createLinkOpener({
    confirmHost: async (host) => {
      asked.push(host);
      return answer;
    },
    open: async (address) => void opened.push(address),
    simulatorOrigin: () => simulator,
  });
  return { open, asked, opened };
}

describe('a link out of the console', () => {
  it.each(HOSTILE)('such as %j is refused without asking', async (link) => {
    const { open, asked, opened } = opener(true);
    await expect(open(link)).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { url: expect.any(String) },
    });
    expect(asked).toEqual([]);
    expect(opened).toEqual([]);
  });

  it('opens only when the person agreed to its host', async () => {
    const { open, asked, opened } = opener(false);
    await open('https://tickets.example/1');
    expect(asked).toEqual(['tickets.example']);
    expect(opened).toEqual([]);
  });

  it('asks for each exact host once', async () => {
    const { open, asked, opened } = opener(true);
    await open('https://tickets.example/1');
    await open('https://tickets.example/2');
    await open('https://tickets.example:8443/3');
    await open('https://tickets.example.evil.example/4');
    expect(asked).toEqual([
      'tickets.example',
      'tickets.example:8443',
      'tickets.example.evil.example',
    ]);
    expect(opened).toHaveLength(4);
  });

  it('shows a host in the letters that it really has', () => {
    expect(parseExternalLink('https://аpple.example/').host).toBe('xn--pple-43d.example');
  });
});

describe('a link to pay', () => {
  it('on Stripe’s own page opens without a question, however long it is', async () => {
    const { open, asked, opened } = opener(false);
    const link = `https://checkout.stripe.com/c/pay/cs_test_1#${'f'.repeat(2_000)}`;
    await open(link);
    expect(opened).toEqual([link]);
    expect(asked).toEqual([]);
  });

  it.each([
    'https://checkout.stripe.com.evil.example/c/pay/cs_test_1',
    'https://evil.checkout.stripe.com/c/pay/cs_test_1',
    'https://checkout.stripe.com:8443/c/pay/cs_test_1',
    'https://pay.shop.example/c/pay/cs_test_1',
  ])('such as %s is asked about', async (link) => {
    const { open, asked, opened } = opener(false);
    await open(link);
    expect(asked).toHaveLength(1);
    expect(opened).toEqual([]);
  });

  it('in the simulator that runs opens without a question', async () => {
    const { open, asked, opened } = opener(false, SIMULATOR);
    await open(`${SIMULATOR}/pay/cs_test_1`);
    await open(SIMULATOR);
    expect(opened).toEqual([`${SIMULATOR}/pay/cs_test_1`, `${SIMULATOR}/`]);
    expect(asked).toEqual([]);
  });

  it.each([
    ['no simulator runs', `${SIMULATOR}/pay/cs_test_1`, undefined],
    ['it is another port', 'http://127.0.0.1:12112/pay/cs_test_1', SIMULATOR],
    ['it is another name', 'http://localhost:12111/pay/cs_test_1', SIMULATOR],
    ['it is another host', 'http://127.0.0.1.evil.example:12111/', SIMULATOR],
    ['it hides another host', 'http://127.0.0.1:12111@evil.example/', SIMULATOR],
    ['it holds a login', 'http://ada@127.0.0.1:12111/', SIMULATOR],
    ['it is another scheme', 'ftp://127.0.0.1:12111/', SIMULATOR],
    ['it is too long', `${SIMULATOR}/${'a'.repeat(500)}`, SIMULATOR],
    ['the simulator is not on this computer', 'http://evil.example:80/', 'http://evil.example:80'],
  ])('is refused where %s', async (_why, link, simulator) => {
    const { open, asked, opened } = opener(true, simulator);
    await expect(open(link)).rejects.toMatchObject({ code: 'invalid_argument' });
    expect([...asked, ...opened]).toEqual([]);
  });
});
