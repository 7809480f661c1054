// REST client of the API: typed verbs over one `request`. It keeps no state but connections.
import {
  apiVersionOf,
  type KubernetesObject,
  pathOf,
  type ResourceName,
  type ResourceRow,
  type ResourceTypes,
  resources,
} from "../api/resources.ts";
import type { Status } from "../api/types/meta-v1.ts";
import { StatusError } from "../machinery/status-error.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { HttpsTransport } from "./https-transport.ts";
import type {
  DeleteOptions,
  ListOptions,
  ResourceClient,
  WatchEvent,
  WatchOptions,
} from "./resource-client.ts";
import {
  ConnectionError,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from "./transport.ts";
import { parseLines } from "./watch-stream.ts";

export type { ListOptions, ResourceClient, WatchEvent } from "./resource-client.ts";

export interface ClientConfig {
  /** `https://127.0.0.1:6443`; several, separated by commas, are tried in turn. */
  server: string;
  /** PEM. */
  ca?: string;
  cert?: string;
  key?: string;
  /** The server's certificate is not checked. */
  insecureSkipTlsVerify?: boolean;
  token?: string;
  userAgent?: string;
  /** A request (not a watch) fails when nothing arrives for so long; default 90 s. */
  timeoutMs?: number;
  /** Instead of HTTPS to `server`, for tests. */
  transport?: Transport;
}

type Query = Record<string, string | number | boolean | undefined>;

export interface RequestOptions {
  query?: Query;
  body?: unknown;
  contentType?: string;
  accept?: string;
  signal?: AbortSignal;
}

const IDLE_MS_MAX = 90_000;
/** A watch that asks for bookmarks gets one every minute: silence for longer means that the server hangs. */
const BOOKMARKS_MS_MAX = 90_000;
/** As client-go: a request that is told to come back (Retry-After) does so at most so often. */
const RETRIES_MAX = 10;

const PATCH_TYPES = {
  strategic: "application/strategic-merge-patch+json",
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
} as const;

export class Client {
  readonly #transport: Transport;
  readonly #headers: Record<string, string>;
  readonly #idleMsMax: number;
  readonly #clock: Clock;
  readonly #resources = new Map<ResourceName, unknown>();

  constructor(config: ClientConfig, dependencies: { clock?: Clock } = {}) {
    this.#clock = dependencies.clock ?? systemClock;
    this.#transport = config.transport ?? new HttpsTransport(config.server, config);
    this.#idleMsMax = config.timeoutMs ?? IDLE_MS_MAX;
    this.#headers = { "user-agent": config.userAgent ?? "coracle" };
    if (config.token !== undefined) this.#headers.authorization = `Bearer ${config.token}`;
  }

  for<N extends ResourceName>(name: N): ResourceClient<ResourceTypes[N]> {
    let client = this.#resources.get(name) as ResourceClient<ResourceTypes[N]> | undefined;
    if (client === undefined) {
      client = resourceClient<ResourceTypes[N]>(this, resources[name]);
      this.#resources.set(name, client);
    }
    return client;
  }

  /** The parsed reply (text when it is not JSON). Throws StatusError, or ConnectionError. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    for (let retries = 0; ; retries++) {
      const { response, body } = await this.#exchange({
        method,
        path: withQuery(path, options.query),
        ...this.#headersAndBody(options),
        signal: options.signal,
        idleMsMax: this.#idleMsMax,
      });
      if (response.status < 400) return parseReply(response, body);
      const error = errorOf(response, body, `${method} ${path}`);
      const waitMs = Number(response.header("retry-after")) * 1000;
      if (!(waitMs >= 0) || retries === RETRIES_MAX) throw error;
      await this.#clock.sleep(waitMs, options.signal);
      if (options.signal?.aborted) throw error;
    }
  }

  /**
   * Events as they arrive, those of one network read together. `ERROR` is thrown as StatusError.
   */
  async *watchBatches<T>(path: string, options: WatchOptions): AsyncGenerator<WatchEvent<T>[]> {
    const { signal, timeoutSeconds = 3600, allowWatchBookmarks } = options;
    const endMs = (timeoutSeconds + 30) * 1000;
    if (signal?.aborted) return;
    try {
      const response = await this.#transport.send({
        method: "GET",
        path: withQuery(path, { ...listQuery(options), ...watchQuery(options) }),
        ...this.#headersAndBody({}),
        signal,
        idleMsMax: allowWatchBookmarks ? Math.min(BOOKMARKS_MS_MAX, endMs) : endMs,
        streaming: true,
      });
      if (response.status >= 400) throw errorOf(response, await response.read(), `watch ${path}`);
      for await (const events of parseLines(response.chunks(), options)) {
        const failure = events.findIndex((event) => (event as { type: string }).type === "ERROR");
        if (failure < 0) {
          yield events as WatchEvent<T>[];
          continue;
        }
        if (failure > 0) yield events.slice(0, failure) as WatchEvent<T>[];
        throw new StatusError((events[failure] as { object: Status }).object);
      }
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  }

  close(): void {
    this.#transport.close();
  }

  /** A read whose answer breaks off is sent once more: the transport knows by then to ask another server. */
  async #exchange(
    request: TransportRequest,
  ): Promise<{ response: TransportResponse; body: Buffer }> {
    for (let tries = 1; ; tries++) {
      const response = await this.#transport.send(request);
      try {
        return { response, body: await response.read() };
      } catch (error) {
        const mayRepeat = request.method === "GET" && error instanceof ConnectionError;
        if (!mayRepeat || tries > 1 || request.signal?.aborted) throw error;
      }
    }
  }

  #headersAndBody(options: RequestOptions): { headers: Record<string, string>; body?: string } {
    const headers: Record<string, string> = {
      ...this.#headers,
      accept: options.accept ?? "application/json",
    };
    if (options.body === undefined) return { headers };
    const body = typeof options.body === "string" ? options.body : JSON.stringify(options.body);
    headers["content-type"] = options.contentType ?? "application/json";
    return { headers, body };
  }
}

function resourceClient<T extends KubernetesObject>(
  client: Client,
  row: ResourceRow,
): ResourceClient<T> {
  const type = { kind: row.kind, apiVersion: apiVersionOf(row) };
  const send = async (method: string, path: string, options?: RequestOptions): Promise<T> =>
    (await client.request(method, path, options)) as T;
  const pathTo = ({ metadata }: KubernetesObject, subresource?: string) =>
    pathOf(row, metadata.namespace, metadata.name, subresource);
  return {
    get: (name, namespace) => send("GET", pathOf(row, namespace, name)),
    async list(options = {}) {
      const reply = await client.request("GET", pathOf(row, options.namespace), {
        query: listQuery(options),
      });
      const list = reply as Awaited<ReturnType<ResourceClient<T>["list"]>>;
      list.items ??= [];
      for (const item of list.items) Object.assign(item, type);
      return list;
    },
    create: (object, namespace) =>
      send("POST", pathOf(row, namespace ?? object.metadata.namespace), {
        body: { ...type, ...object },
      }),
    update: (object) => send("PUT", pathTo(object), { body: { ...type, ...object } }),
    updateStatus: (object) =>
      send("PUT", pathTo(object, "status"), { body: { ...type, ...object } }),
    patch: (name, patch, { namespace, type: patchType = "strategic", subresource } = {}) =>
      send("PATCH", pathOf(row, namespace, name, subresource), {
        body: patch,
        contentType: PATCH_TYPES[patchType],
      }),
    async delete(name, options = {}) {
      await client.request("DELETE", pathOf(row, options.namespace, name), {
        body: deleteBody(options),
      });
    },
    async deleteCollection(options) {
      const { propagationPolicy, gracePeriodSeconds, ...list } = options;
      await client.request("DELETE", pathOf(row, options.namespace), {
        query: listQuery(list),
        body: deleteBody({ propagationPolicy, gracePeriodSeconds }),
      });
    },
    subresource: (name, subresource, body, { namespace, method = "POST" } = {}) =>
      client.request(method, pathOf(row, namespace, name, subresource), { body }),
    async *watch(options) {
      const path = pathOf(row, options.namespace);
      for await (const events of client.watchBatches<T>(path, options)) yield* events;
    },
  };
}

export const listQuery = (options: ListOptions): Query => ({
  labelSelector: options.labelSelector || undefined,
  fieldSelector: options.fieldSelector || undefined,
  limit: options.limit,
  continue: options.continue,
  resourceVersion: options.resourceVersion,
  resourceVersionMatch: options.resourceVersionMatch,
});

const watchQuery = (options: WatchOptions): Query => ({
  watch: true,
  allowWatchBookmarks: options.allowWatchBookmarks,
  timeoutSeconds: options.timeoutSeconds,
});

function deleteBody(options: DeleteOptions): unknown {
  const { gracePeriodSeconds, propagationPolicy, uid, resourceVersion } = options;
  const conditional = uid !== undefined || resourceVersion !== undefined;
  return {
    kind: "DeleteOptions",
    apiVersion: "v1",
    gracePeriodSeconds,
    propagationPolicy,
    preconditions: conditional ? { uid, resourceVersion } : undefined,
  };
}

function withQuery(path: string, query: Query | undefined): string {
  if (query === undefined) return path;
  let text = "";
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    text += `${text === "" ? "" : "&"}${name}=${encodeURIComponent(value)}`;
  }
  if (text === "") return path;
  return `${path}${path.includes("?") ? "&" : "?"}${text}`;
}

function parseReply(response: TransportResponse, body: Buffer): unknown {
  const text = body.toString("utf8");
  return response.header("content-type")?.includes("json") ? JSON.parse(text) : text;
}

function errorOf(response: TransportResponse, body: Buffer, what: string): StatusError {
  const text = body.toString("utf8");
  if (response.header("content-type")?.includes("json")) {
    const status = JSON.parse(text) as Status;
    if (status.kind === "Status") return new StatusError({ code: response.status, ...status });
  }
  return new StatusError({
    kind: "Status",
    status: "Failure",
    message: `${what}: ${response.status} ${text}`.trim(),
    reason: "",
    code: response.status,
  });
}
