// Clients that read and write ConfigMaps at once, and record what they did and when.
import type { ConfigMap } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import { ConnectionError } from "@coracle/shared/client/transport";
import { StatusError } from "@coracle/shared/machinery/status-error";
import { systemClock } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import type { RegisterOperation } from "./register-history.ts";

export const NAMESPACE = "default";

/** A way to a server: which one, and with what connection, may change while it is used. */
export type ClientSource = () => Client;

export interface RegisterClientsOptions {
  /** One for each client that works at the same time. */
  sources: readonly ClientSource[];
  random: Random;
  /** Objects that clients quarrel about at the same time. */
  objects: number;
}

interface Known {
  value: string;
  resourceVersion: string;
}

/** So that the history of one object stays short: then the next one takes its place. */
const OPERATIONS_PER_OBJECT = 150;
const PAUSE_MS = 20;

export class RegisterClients {
  readonly #options: RegisterClientsOptions;
  readonly history: RegisterOperation[] = [];
  readonly #uses: number[];
  #values = 0;

  constructor(options: RegisterClientsOptions) {
    this.#options = options;
    this.#uses = Array(options.objects).fill(0) as number[];
  }

  /** How many operations were answered as they should be. */
  get done(): number {
    return this.history.filter(({ outcome }) => outcome === "done").length;
  }

  async run(stopping: AbortSignal): Promise<void> {
    const { sources } = this.#options;
    await Promise.all(sources.map((source, client) => this.#work(source, client, stopping)));
  }

  /** The last word about each object, from each of the sources. */
  async readAll(): Promise<void> {
    const keys = new Set(this.history.map(({ key }) => key));
    for (const [client, source] of this.#options.sources.entries()) {
      for (const key of keys) {
        const operation = this.#begin(client, key, "read", "", "");
        await this.#perform(source(), operation, undefined);
      }
    }
  }

  async #work(source: ClientSource, client: number, stopping: AbortSignal): Promise<void> {
    const { random, objects } = this.#options;
    const known = new Map<string, Known | undefined>();
    while (!stopping.aborted) {
      const object = random.integer(objects);
      const key = `r${object}-${Math.floor((this.#uses[object] as number) / OPERATIONS_PER_OBJECT)}`;
      this.#uses[object] = (this.#uses[object] as number) + 1;
      const last = known.get(key);
      const operation = this.#next(client, key, known.has(key), last);
      const answer = await this.#perform(source(), operation, last);
      if (operation.outcome === "done") known.set(key, answer);
      else known.delete(key); // looks first, the next time
      if (operation.outcome === "unknown") await systemClock.sleep(PAUSE_MS);
    }
  }

  #next(client: number, key: string, isKnown: boolean, last: Known | undefined): RegisterOperation {
    const lot = this.#options.random.integer(10);
    if (!isKnown || lot < 3) return this.#begin(client, key, "read", "", "");
    const value = `${key}.${++this.#values}`;
    if (last === undefined) return this.#begin(client, key, "create", "", value);
    if (lot === 9) return this.#begin(client, key, "delete", last.value, "");
    return this.#begin(client, key, "replace", last.value, value);
  }

  #begin(
    client: number,
    key: string,
    kind: RegisterOperation["kind"],
    expected: string,
    value: string,
  ): RegisterOperation {
    const operation: RegisterOperation = {
      ...{ client, key, kind, expected, value, revision: 0 },
      outcome: "unknown",
      start: systemClock.monotonic(),
      end: Number.POSITIVE_INFINITY,
    };
    this.history.push(operation);
    return operation;
  }

  /** Fills in what came of it. Returns the state then, as far as the client learns it. */
  async #perform(
    client: Client,
    operation: RegisterOperation,
    last: Known | undefined,
  ): Promise<Known | undefined> {
    try {
      const state = await send(client, operation, last);
      operation.end = systemClock.monotonic();
      operation.outcome = "done";
      operation.revision = Number(state?.resourceVersion ?? 0);
      if (operation.kind === "read") operation.value = state?.value ?? "";
      return state;
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome === "unknown") return undefined;
      operation.end = systemClock.monotonic();
      operation.outcome = operation.kind === "read" ? "done" : "refused"; // nothing is there
      if (operation.kind === "read") operation.value = "";
      return undefined;
    }
  }
}

/** The server's refusals say that nothing was done; everything else may have been. Throws what is neither. */
function outcomeOf(error: unknown): "refused" | "unknown" {
  if (error instanceof ConnectionError) return "unknown";
  if (!(error instanceof StatusError)) throw error;
  if (error.code === 404 || error.code === 409) return "refused";
  if (error.code >= 500) return "unknown";
  throw error;
}

async function send(
  client: Client,
  { kind, key, value }: RegisterOperation,
  last: Known | undefined,
): Promise<Known | undefined> {
  const configMaps = client.for("configmaps");
  if (kind === "read") return stateOf(await configMaps.get(key, NAMESPACE));
  const metadata = { name: key, namespace: NAMESPACE };
  if (kind === "create") return stateOf(await configMaps.create({ metadata, data: { value } }));
  const { resourceVersion } = last as Known;
  if (kind === "delete") {
    await configMaps.delete(key, { namespace: NAMESPACE, resourceVersion });
    return undefined;
  }
  const replaced = { metadata: { ...metadata, resourceVersion }, data: { value } };
  return stateOf(await configMaps.update(replaced as unknown as ConfigMap));
}

const stateOf = ({ metadata, data }: ConfigMap): Known => ({
  value: data?.value ?? "",
  resourceVersion: metadata.resourceVersion,
});
