// Keeps a copy of a collection in step with the server: list, then watch from there, for ever. A
// state machine (as kube-rs's watcher): each state names what is known, and the only way to it.
import type { KubernetesObject } from "../api/resources.ts";
import type { ListResult, WatchEvent, WatchOptions } from "../client/resource-client.ts";
import { ConnectionError } from "../client/transport.ts";
import { isExpired, StatusError } from "../machinery/status-error.ts";
import { Backoff } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Random } from "../runtime/random.ts";

type State =
  /** Nothing is known, or too little to go on (410): list. */
  | { name: "empty" }
  /** Everything up to `resourceVersion` has been delivered: watch. */
  | { name: "watching"; resourceVersion: string };

export interface ReflectorSource<T> {
  /** Whole and consistent: pages are the source's business. */
  list(signal: AbortSignal): Promise<ListResult<T>>;
  watch(options: WatchOptions): AsyncIterable<WatchEvent<T>>;
}

export interface ReflectorSink<T> {
  /** The collection is exactly this now. */
  replace(objects: T[]): void;
  apply(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void;
}

export interface ReflectorOptions<T> {
  /** For the log. */
  resource: string;
  source: ReflectorSource<T>;
  sink: ReflectorSink<T>;
  clock: Clock;
  random: Random;
  logger: Logger;
}

const WATCH_SECONDS_MIN = 300;
/** A watch that ends sooner without a single event is no sign of health. */
const SHORT_WATCH_MS = 1000;

export class Reflector<T extends KubernetesObject> {
  readonly #options: ReflectorOptions<T>;
  /** The server refused, or is in trouble: client-go's delays. */
  readonly #refused: Backoff;
  /**
   * No server there: it may be restarting, which takes less than a second, and asking costs it
   * nothing.
   */
  readonly #unreachable: Backoff;
  #state: State = { name: "empty" };

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#refused = new Backoff({ startMs: 800, maxMs: 30_000 }, options.random);
    this.#unreachable = new Backoff({ startMs: 50, maxMs: 5_000 }, options.random);
  }

  /** Runs until `signal` is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, resource } = this.#options;
    while (!signal.aborted) {
      try {
        if (this.#state.name === "empty") await this.#list(signal);
        else if (!(await this.#watch(this.#state.resourceVersion, signal))) {
          await clock.sleep(this.#refused.next(), signal);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (isExpired(error)) {
          // A list that expires half way has to wait; a watch goes on to list at once.
          const listing = this.#state.name === "empty";
          logger.debug({ resource }, "resource version expired, listing again");
          this.#state = { name: "empty" };
          if (listing) await clock.sleep(this.#refused.next(), signal);
          continue;
        }
        // Whatever else the server holds against this watch, a list will settle it. One that cannot
        // answer at present has said nothing about it: another server may go on.
        if (error instanceof StatusError && error.code !== 429 && error.code !== 503) {
          this.#state = { name: "empty" };
        }
        const unreachable = error instanceof ConnectionError;
        const delayMs = Math.round((unreachable ? this.#unreachable : this.#refused).next());
        const fields = { resource, state: this.#state.name, err: error, delayMs };
        if (unreachable) logger.debug(fields, "reflector finds no server");
        else logger.warn(fields, "reflector was refused");
        await clock.sleep(delayMs, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { items, metadata } = await this.#options.source.list(signal);
    if (signal.aborted) return;
    this.#options.sink.replace(items);
    this.#state = { name: "watching", resourceVersion: metadata.resourceVersion };
    this.#healthy();
  }

  /** Resolves when the server ends the watch; false when that was suspiciously soon. */
  async #watch(resourceVersion: string, signal: AbortSignal): Promise<boolean> {
    const { source, sink, clock, random } = this.#options;
    const started = clock.monotonic();
    let events = 0;
    const timeoutSeconds = Math.floor(WATCH_SECONDS_MIN * (1 + random.next()));
    const watch = source.watch({
      resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds,
      signal,
    });
    for await (const { type, object } of watch) {
      if (signal.aborted) return true;
      if (events++ === 0) this.#healthy();
      if (type !== "BOOKMARK") sink.apply(type, object);
      this.#state = { name: "watching", resourceVersion: object.metadata.resourceVersion };
    }
    return events > 0 || clock.monotonic() - started >= SHORT_WATCH_MS;
  }

  #healthy(): void {
    this.#refused.reset();
    this.#unreachable.reset();
  }
}
