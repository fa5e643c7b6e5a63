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

function opener(answer: boolean) {
  const asked: string[] = [];
  const opened: string[] = [];
  const open = createLinkOpener({
    confirmHost: async (host) => {
      asked.push(host);
      return answer;
    },
    open: async (address) => void opened.push(address),
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
