// Records what a watch of a server shows, over as many connections as it takes.
import type { Client } from "@coracle/shared/client/client";
import { ConnectionError } from "@coracle/shared/client/transport";
import { StatusError } from "@coracle/shared/machinery/status-error";
import { systemClock } from "@coracle/shared/runtime/clock";
import { type ClientSource, NAMESPACE } from "./register-clients.ts";
import type { WatchedEvent } from "./revision-checker.ts";

const RETRY_MS = 20;

export class RegisterWatcher {
  readonly events: WatchedEvent[] = [];
  readonly #source: ClientSource;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  #position: string;
  #failure: unknown;

  /** Follows objects whose names begin with r, from the resource version on. */
  constructor(source: ClientSource, resourceVersion: string) {
    this.#source = source;
    this.#position = resourceVersion;
    this.#done = this.#run();
  }

  /** Resolves when it has seen the revision; throws what ended it. */
  async reached(revision: number, deadlineMs: number): Promise<void> {
    const until = systemClock.monotonic() + deadlineMs;
    while ((this.events.at(-1)?.revision ?? 0) < revision) {
      if (this.#failure !== undefined) throw this.#failure;
      if (systemClock.monotonic() > until) throw new Error(`a watcher does not get to ${revision}`);
      await systemClock.sleep(RETRY_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#follow(this.#source(), signal);
      } catch (error) {
        const away = error instanceof StatusError && error.code >= 500;
        if (!away && !(error instanceof ConnectionError)) {
          this.#failure = error;
          return;
        }
      }
      if (!signal.aborted) await systemClock.sleep(RETRY_MS, signal);
    }
  }

  async #follow(client: Client, signal: AbortSignal): Promise<void> {
    const resourceVersion = this.#position;
    const options = { namespace: NAMESPACE, resourceVersion, allowWatchBookmarks: true, signal };
    for await (const { type, object } of client.for("configmaps").watch(options)) {
      this.#position = object.metadata.resourceVersion;
      const { name } = object.metadata;
      if (type === "BOOKMARK" || !name.startsWith("r")) continue;
      const value = type === "DELETED" ? "" : (object.data?.value ?? "");
      this.events.push({ type, key: name, value, revision: Number(this.#position) });
    }
  }
}
