// The one place that picks the server a request goes to. With several, the first that works is kept
// until it fails.

export class Endpoints {
  readonly #servers: readonly URL[];
  #index = 0;

  /** `servers`: one URL, or several separated by commas. */
  constructor(servers: string) {
    this.#servers = servers.split(",").map((server) => new URL(server.trim()));
  }

  get current(): URL {
    return this.#servers[this.#index] as URL;
  }

  get size(): number {
    return this.#servers.length;
  }

  /** Moves on, unless a request that failed at the same time has already done so. */
  failed(server: URL): void {
    if (server === this.current) this.#index = (this.#index + 1) % this.#servers.length;
  }
}
