// A stretch of network that can fail: connections to a port of this machine, through a proxy that may hold their bytes back, in one
// direction or in both, or reset them.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What passes at present. Bytes that do not pass are not lost: they wait, as TCP sends them again until a network is whole. */
export type Passage = { forth: boolean; back: boolean } | "closed";

export interface TcpProxyOptions {
  targetPort: number;
  /** `source`: who opened the connection, as `sourceOf` found it. `forth` is from there to the target. */
  passage(source: string | undefined): Passage;
  /** Who opened a connection that begins with these bytes, or goes on with them. Default: nobody is told from others. */
  sourceOf?(bytes: Buffer): string | undefined;
}

export class TcpProxy {
  readonly #options: TcpProxyOptions;
  readonly #server: Server;
  readonly #connections = new Set<ProxiedConnection>();

  private constructor(options: TcpProxyOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  static async open(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Asks anew what may pass. */
  update(): void {
    for (const connection of this.#connections) connection.update();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const connection of this.#connections) connection.end();
    await closed;
  }

  #accept(socket: Socket): void {
    const connection = new ProxiedConnection(socket, this.#options, () =>
      this.#connections.delete(connection),
    );
    this.#connections.add(connection);
    connection.update();
  }
}

class ProxiedConnection {
  readonly #options: TcpProxyOptions;
  readonly #near: Socket;
  readonly #ended: () => void;
  /** There is none before something may pass. */
  #far: Socket | undefined;
  #source: string | undefined;
  /** Its first bytes have been looked at: only then it is known whose it is. */
  #introduced: boolean;
  /** Closed by its own side, while the other one could not be told. */
  readonly #gone = new Set<Socket>();

  constructor(near: Socket, options: TcpProxyOptions, ended: () => void) {
    this.#near = near;
    this.#options = options;
    this.#ended = ended;
    this.#introduced = options.sourceOf === undefined;
    near.on("error", () => undefined); // "close" follows
    near.on("close", () => this.#closed(near));
    near.on("data", (bytes: Buffer) => this.#forward(bytes));
    near.on("end", () => this.#far?.end());
  }

  update(): void {
    if (!this.#introduced) return;
    const passage = this.#options.passage(this.#source);
    if (passage === "closed") {
      this.end();
      return;
    }
    const { forth, back } = passage;
    if ((forth && this.#gone.has(this.#near)) || (back && this.#far && this.#gone.has(this.#far))) {
      this.end();
      return;
    }
    if (forth) this.#far ??= this.#dial();
    flow(this.#near, forth);
    if (this.#far !== undefined) flow(this.#far, back);
  }

  end(): void {
    this.#gone.clear();
    this.#near.destroy();
    this.#far?.destroy();
    this.#ended();
  }

  #dial(): Socket {
    const far = connect({ port: this.#options.targetPort, host: "127.0.0.1", allowHalfOpen: true });
    far.setNoDelay();
    this.#near.setNoDelay();
    far.on("error", () => undefined);
    far.on("close", () => this.#closed(far));
    far.on("end", () => this.#near.end());
    far.on("data", (bytes: Buffer) => this.#write(far, this.#near, bytes));
    return far;
  }

  #forward(bytes: Buffer): void {
    const source = this.#options.sourceOf?.(bytes);
    if (!this.#introduced || (source !== undefined && source !== this.#source)) {
      this.#introduced = true;
      this.#source = source;
      this.#near.pause();
      this.#near.unshift(bytes);
      this.update();
      return;
    }
    if (this.#far !== undefined) this.#write(this.#near, this.#far, bytes);
  }

  #write(from: Socket, to: Socket, bytes: Buffer): void {
    if (to.write(bytes)) return;
    from.pause();
    to.once("drain", () => this.update());
  }

  #closed(socket: Socket): void {
    const passage = this.#options.passage(this.#source);
    const told = passage === "closed" || (socket === this.#near ? passage.forth : passage.back);
    if (!told) {
      this.#gone.add(socket);
      return;
    }
    const other = socket === this.#near ? this.#far : this.#near;
    if (other === undefined || other.destroyed) this.#ended();
    else other.destroySoon();
  }
}

function flow(socket: Socket, passes: boolean): void {
  if (passes) socket.resume();
  else socket.pause();
}
