// The connections to one server.
import { Connection, type Peer } from "./connection.ts";
import type { Exchange } from "./exchange.ts";

export class ConnectionPool {
  readonly #peer: Peer;
  readonly #connectionsMax: number;
  readonly #open = new Set<Connection>();
  /** The one that was used last comes first: the others may be closed. */
  readonly #idle: Connection[] = [];
  readonly #waiting: Exchange[] = [];
  #isClosed = false;

  constructor(peer: Peer, connectionsMax: number) {
    this.#peer = peer;
    this.#connectionsMax = connectionsMax;
  }

  run(exchange: Exchange): void {
    if (exchange.hasFailed) return;
    if (this.#isClosed) {
      exchange.lost(new Error("the client is closed"));
      return;
    }
    const idle = this.#idle.pop();
    if (idle !== undefined) idle.run(exchange);
    else if (this.#open.size < this.#connectionsMax) this.#connect(exchange);
    else this.#waiting.push(exchange);
  }

  /** Ends what is under way. */
  close(): void {
    this.#isClosed = true;
    for (const exchange of this.#waiting.splice(0)) this.run(exchange);
    for (const connection of this.#open) connection.destroy();
  }

  #connect(exchange: Exchange): void {
    this.#open.add(
      new Connection(this.#peer, exchange, {
        free: (connection) => {
          this.#idle.push(connection);
          this.#next();
        },
        closed: (connection) => {
          this.#open.delete(connection);
          const at = this.#idle.indexOf(connection);
          if (at >= 0) this.#idle.splice(at, 1);
          this.#next();
        },
      }),
    );
  }

  #next(): void {
    let exchange = this.#waiting.shift();
    while (exchange?.hasFailed) exchange = this.#waiting.shift();
    if (exchange !== undefined) this.run(exchange);
  }
}
