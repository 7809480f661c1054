// A kept-alive HTTP/1.1 connection: one exchange at a time.
import type { Socket } from "node:net";
import { connect as connectPlain } from "node:net";
import { connect as connectSecure, type SecureContext, type TLSSocket } from "node:tls";
import type { Exchange } from "./exchange.ts";
import { ResponseParser } from "./response-parser.ts";

/** Shared by the connections to one server. */
export interface Peer {
  readonly server: URL;
  /** Without it, the connections are plain. */
  readonly secureContext: SecureContext | undefined;
  readonly rejectUnauthorized: boolean;
  /** Spares the next connection half of its handshake. */
  session?: Buffer;
}

export interface ConnectionEvents {
  /** It may carry another exchange. */
  free(connection: Connection): void;
  /** Once, after the last exchange. */
  closed(connection: Connection): void;
}

export class Connection {
  readonly #events: ConnectionEvents;
  readonly #socket: Socket;
  #exchange: Exchange | undefined;
  #parser: ResponseParser | undefined;
  #error: NodeJS.ErrnoException | undefined;

  /** Carries `exchange` as soon as there is a connection. */
  constructor(peer: Peer, exchange: Exchange, events: ConnectionEvents) {
    this.#events = events;
    this.#exchange = exchange;
    const socket = open(peer);
    this.#socket = socket;
    exchange.carriedBy(socket);
    socket.setNoDelay(true);
    socket.setTimeout(exchange.request.idleMsMax);
    socket.once(peer.secureContext === undefined ? "connect" : "secureConnect", () => {
      this.#write(exchange);
    });
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("timeout", () => socket.destroy(silence(socket)));
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => this.#close());
  }

  run(exchange: Exchange): void {
    this.#exchange = exchange;
    exchange.carriedBy(this.#socket);
    this.#socket.ref();
    this.#write(exchange);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #write(exchange: Exchange): void {
    const { method, idleMsMax } = exchange.request;
    if (this.#socket.timeout !== idleMsMax) this.#socket.setTimeout(idleMsMax);
    this.#parser = new ResponseParser(method, exchange);
    exchange.sent();
    this.#socket.write(exchange.text);
  }

  #read(chunk: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === undefined || this.#parser === undefined) {
      this.#socket.destroy(); // it speaks unasked
      return;
    }
    try {
      this.#parser.feed(chunk);
    } catch (error) {
      this.#socket.destroy(error as Error);
      return;
    }
    if (!exchange.isWhole) return;
    this.#exchange = undefined;
    this.#parser = undefined;
    if (/\bclose\b/i.test(exchange.header("connection") ?? "")) {
      this.#socket.destroy();
      return;
    }
    this.#socket.resume();
    this.#socket.unref();
    this.#events.free(this);
  }

  #close(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    // A body without a length ends with its connection, but not with one that broke.
    if (exchange !== undefined && (this.#error !== undefined || this.#parser?.close() !== true))
      exchange.lost(this.#error ?? closedByPeer());
    this.#events.closed(this);
  }
}

function open(peer: Peer): Socket {
  const { server, secureContext, rejectUnauthorized } = peer;
  const host = server.hostname.replace(/^\[|\]$/g, "");
  const port = Number(server.port) || (secureContext === undefined ? 80 : 443);
  if (secureContext === undefined) return connectPlain({ host, port });
  const socket: TLSSocket = connectSecure({
    host,
    port,
    secureContext,
    rejectUnauthorized,
    session: peer.session,
    ALPNProtocols: ["http/1.1"],
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
  });
  socket.on("session", (session: Buffer) => {
    peer.session = session;
  });
  return socket;
}

const silence = (socket: Socket): Error =>
  Object.assign(new Error(`no answer within ${socket.timeout} ms`), { code: "ETIMEDOUT" });

const closedByPeer = (): Error =>
  Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" });
