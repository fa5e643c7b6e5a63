import { readFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

const TLS_FOLDER = path.join(import.meta.dirname, 'tls');

/** What the server answers instead of taking an address or a mail. */
export type Refusal = { code: number; text: string };

export type MailAnswer = Refusal | 'die' | undefined;

export type MailServer = {
  port: number;
  /** Every mail that was taken, in order, with the address of the envelope. */
  mails: (ParsedMail & { recipient: string })[];
  /** How many clients connected so far. */
  connections: () => number;
  /** Refuses at RCPT TO, or (undefined) takes the address. */
  refuseAddress: (answer: (address: string) => Refusal | undefined) => void;
  /** Refuses after DATA, or (undefined) takes the mail; `die`: breaks all connections in the middle of it instead. */
  refuseMail: (answer: (address: string) => MailAnswer | Promise<MailAnswer>) => void;
  /** Waits before it answers a login; the others go on meanwhile. */
  holdLogin: (wait: (password: string) => Promise<void>) => void;
  close: () => Promise<void>;
};

/** A real SMTP server on this computer, with the certificate of test/support/tls for `localhost`. */
export async function startMailServer(
  options: {
    security?: 'none' | 'starttls' | 'tls';
    login?: { user: string; password: string };
    /** 0: any that is free. */
    port?: number;
  } = {},
): Promise<MailServer> {
  const { security = 'none', login } = options;
  const mails: MailServer['mails'] = [];
  const sockets = new Set<Socket>();
  let connected = 0;
  let addressRefusal: (address: string) => Refusal | undefined = () => undefined;
  let mailRefusal: (address: string) => MailAnswer | Promise<MailAnswer> = () => undefined;
  let loginWait: (password: string) => Promise<void> = async () => undefined;
  const server = new SMTPServer({
    secure: security === 'tls',
    key: readFileSync(path.join(TLS_FOLDER, 'server.key')),
    cert: readFileSync(path.join(TLS_FOLDER, 'server.crt')),
    logger: false,
    disableReverseLookup: true,
    authOptional: login === undefined,
    disabledCommands: [
      ...(security === 'starttls' ? [] : ['STARTTLS']),
      ...(login === undefined ? ['AUTH'] : []),
    ],
    onAuth({ username, password }, _session, callback) {
      const answer = async () => {
        await loginWait(password ?? '');
        if (username === login?.user && password === login?.password)
          return callback(null, { user: username });
        // A server that is careless with what it was told.
        callback(
          Object.assign(new Error(`Authentication failed for ${username} / ${password}`), {
            responseCode: 535,
          }),
        );
      };
      answer().catch(callback);
    },
    onRcptTo({ address }, _session, callback) {
      const refusal = addressRefusal(address);
      callback(refusal && refusalError(refusal));
    },
    onData(stream, session, callback) {
      const recipient = session.envelope.rcptTo[0]?.address ?? '';
      const answer = async () => {
        const refusal = await mailRefusal(recipient);
        if (refusal === 'die') {
          for (const socket of sockets) socket.destroy();
          return;
        }
        const mail = await simpleParser(stream);
        if (refusal === undefined) mails.push({ ...mail, recipient });
        callback(refusal && refusalError(refusal));
      };
      answer().catch(callback);
    },
  });
  server.on('error', () => undefined);
  const listener = server.server as Server;
  listener.on('connection', (socket: Socket) => {
    connected += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    mails,
    connections: () => connected,
    refuseAddress: (answer) => {
      addressRefusal = answer;
    },
    refuseMail: (answer) => {
      mailRefusal = answer;
    },
    holdLogin: (wait) => {
      loginWait = wait;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Has this process trust the authority that signed the test server's certificate; returns what ends that. */
export function trustTestAuthority(): () => void {
  const before = tls.getCACertificates('default');
  const authority = readFileSync(path.join(TLS_FOLDER, 'authority.crt'), 'utf8');
  tls.setDefaultCACertificates([...before, authority]);
  return () => tls.setDefaultCACertificates(before);
}

function refusalError({ code, text }: Refusal): Error {
  return Object.assign(new Error(text), { responseCode: code });
}
