import { connect, createServer, type Socket } from 'node:net';

/** One client's connection through the proxy, and what a test may do to it. */
export type ProxiedConnection = {
  /** Called with what the client sends, before it is passed on: here a test decides what happens to the answer. */
  onClientData: ((data: Buffer) => void) | undefined;
  /** From now on the server's answers vanish; requests still arrive, and take effect. */
  dropReplies: () => void;
  /** Answers wait until `passReplies`: a delay without a clock. */
  holdReplies: () => void;
  /** Ends dropping and holding; what was held is delivered. */
  passReplies: () => void;
  /**
   * Lets the server do its work, swallows the answer, and cuts the client when the server has said it is done.
   * The work is committed, and the client does not know. Resolves when that has happened.
   */
  loseAnswer: () => Promise<void>;
  /** Cuts both sides at once, with a reset. */
  cut: () => void;
  readonly isOpen: boolean;
};

export type TcpProxy = {
  port: number;
  /** In order of connecting, closed ones included. */
  connections: ProxiedConnection[];
  /** Called for each new connection before any byte is passed. */
  onConnection: ((connection: ProxiedConnection) => void) | undefined;
  /** A connection URL with host and port replaced by the proxy's. */
  urlThrough: (url: string) => string;
  close: () => Promise<void>;
};

/** A TCP proxy on 127.0.0.1 before a server, to play what networks do: cut, delay, and lose answers. */
export async function startTcpProxy(target: { host?: string; port: number }): Promise<TcpProxy> {
  const server = createServer((client) => {
    const upstream = connect({ host: target.host ?? '127.0.0.1', port: target.port });
    const connection = proxyConnection(client, upstream);
    proxy.connections.push(connection);
    proxy.onConnection?.(connection);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const proxy: TcpProxy = {
    port,
    connections: [],
    onConnection: undefined,
    urlThrough(url) {
      const through = new URL(url);
      through.host = `127.0.0.1:${port}`;
      return through.href;
    },
    close() {
      for (const connection of proxy.connections) connection.cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}

function proxyConnection(client: Socket, upstream: Socket): ProxiedConnection {
  let replies: 'pass' | 'hold' | 'drop' = 'pass';
  let held: Buffer[] = [];
  let swallowed = Buffer.alloc(0);
  let answerLost: (() => void) | undefined;

  client.setNoDelay(true);
  upstream.setNoDelay(true);
  client.on('data', (data) => {
    connection.onClientData?.(data);
    if (!upstream.destroyed) upstream.write(data);
  });
  upstream.on('data', (data) => {
    if (answerLost) {
      swallowed = Buffer.concat([swallowed, data]);
      if (!endsWithReadyForQuery(swallowed)) return;
      connection.cut();
      answerLost();
      return;
    }
    if (replies === 'pass') client.write(data);
    else if (replies === 'hold') held.push(data);
  });
  client.on('end', () => upstream.end());
  upstream.on('end', () => client.end());
  for (const [socket, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    // A reset on one side is a reset on the other; 'close' follows either way.
    socket.on('error', () => other.destroy());
    socket.on('close', () => other.destroy());
  }

  const connection: ProxiedConnection = {
    onClientData: undefined,
    dropReplies() {
      replies = 'drop';
    },
    holdReplies() {
      replies = 'hold';
    },
    passReplies() {
      replies = 'pass';
      for (const data of held) client.write(data);
      held = [];
    },
    loseAnswer() {
      return new Promise((resolve) => {
        answerLost = resolve;
      });
    },
    cut() {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    },
    get isOpen() {
      return !client.destroyed && !upstream.destroyed;
    },
  };
  return connection;
}

/** PostgreSQL's "I am done": Z, length 5, and the state of the transaction. Sent after the commit is on the disk. */
function endsWithReadyForQuery(data: Buffer): boolean {
  const end = data.subarray(-6);
  return end.length === 6 && end[0] === 0x5a && end.readUInt32BE(1) === 5;
}
