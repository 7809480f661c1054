// A watcher that goes on from the last resource version it has seen whenever its connection ends, and never lists.
import type { ConfigMap } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import { ConnectionError } from "@coracle/shared/client/transport";
import { StatusError } from "@coracle/shared/machinery/status-error";
import { systemClock } from "@coracle/shared/runtime/clock";
import { NAMESPACE, type Write, wholeValue } from "./crash-writers.ts";

const RETRY_MS = 10;

/** As the watcher saw it: the revision is always known. */
export interface Seen extends Write {
  revision: number;
}

export class CrashWatcher {
  readonly #labelSelector: string | undefined;
  #position: string;
  #client: Client | undefined;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #failure: unknown;
  seen: Seen[] = [];

  constructor(resourceVersion: string, labelSelector?: string) {
    this.#position = resourceVersion;
    this.#labelSelector = labelSelector;
  }

  /** Whether it is to see the key. */
  wants(name: string): boolean {
    if (this.#labelSelector === undefined || name === "fence") return true;
    return Number(name.at(-1)) % 2 === 0;
  }

  start(client: Client): void {
    this.#client = client;
    this.#stopping = new AbortController();
    this.#running = this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#client?.close();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when it has seen the revision. Throws what ended it. */
  async reached(revision: number, deadlineMs: number): Promise<void> {
    const until = systemClock.monotonic() + deadlineMs;
    while ((this.seen.at(-1)?.revision ?? 0) < revision) {
      if (this.#failure !== undefined) throw this.#failure;
      if (systemClock.monotonic() > until) {
        throw new Error(`a watcher at ${this.#position} does not get to ${revision}`);
      }
      await systemClock.sleep(RETRY_MS);
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        const gone = error instanceof ConnectionError;
        if (!gone && !(error instanceof StatusError && error.code === 503)) {
          this.#failure = error;
          return;
        }
      }
      if (!signal.aborted) await systemClock.sleep(RETRY_MS, signal);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const events = (this.#client as Client).for("configmaps").watch({
      namespace: NAMESPACE,
      resourceVersion: this.#position,
      labelSelector: this.#labelSelector,
      allowWatchBookmarks: true,
      signal,
    });
    for await (const { type, object } of events) {
      this.#position = object.metadata.resourceVersion;
      if (type !== "BOOKMARK") this.#see(type, object);
    }
  }

  #see(type: Seen["type"], object: ConfigMap): void {
    const { name, resourceVersion } = object.metadata;
    const whole = wholeValue(object);
    const value = type === "DELETED" ? "" : whole;
    this.seen.push({ type, name, value, revision: Number(resourceVersion) });
  }
}
