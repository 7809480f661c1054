// GET with watch=true: the events of a resource from a revision on, as JSON lines. Every line is made once and shared by
// all watchers; lines that became ready in the same turn of the event loop go out in one write.
import type { ServerResponse } from "node:http";
import { expired, type StatusError } from "@coracle/shared/machinery/status-error";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Random } from "@coracle/shared/runtime/random";
import { jsonText } from "../encoding/encode.ts";
import { mediaTypes, type Negotiated } from "../encoding/media-type.ts";
import { normaliseValue } from "../encoding/normalise.ts";
import { encodeProtobuf, encodeWatchFrame } from "../encoding/protobuf.ts";
import { checkIncludeObject, encodePartialObject, encodeTable } from "../encoding/table.ts";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import { CompactedError } from "../storage/storage.ts";
import type { CachedObject, Predicate, WatchCursor } from "../storage/watch-cache.ts";
import { type ApiRequest, type Handled, JSON_TYPE } from "./api-request.ts";
import {
  type ListOptions,
  listOptions,
  parseResourceVersion,
  tooLargeResourceVersion,
} from "./options.ts";
import { accepted } from "./respond.ts";
import { selectionOf } from "./selection.ts";
import { drained } from "./send-reply.ts";
import { warningHeaders } from "./warning-headers.ts";

const BOOKMARK_EVERY_MS = 60_000;
const TIMEOUT_SECONDS_MIN = 1_800;
const READ_BYTES_MAX = 1024 * 1024;
const FRESH_WAIT_MS = 3_000;
const LINE_END = Buffer.from("}\n");

export interface WatchDependencies {
  clock: Clock;
  random: Random;
}

export async function watchObjects(
  request: ApiRequest,
  resource: ServedResource,
  { clock, random }: WatchDependencies,
): Promise<Handled> {
  const options = listOptions(request.query, true);
  const wanted = accepted(request, { stream: true });
  const { predicate, name, field, key } = selectionOf(resource, options);
  const revision = parseResourceVersion(options.resourceVersion, true) ?? 0;
  const scope = {
    namespace: request.info.namespace === "" ? undefined : request.info.namespace,
    name: name ?? (request.info.name === "" ? undefined : request.info.name),
    predicate,
    field,
    filterKey: predicate === undefined ? undefined : key,
  };
  const format = formatOf(request, resource, wanted, clock);
  const initial = options.sendInitialEvents === true;
  const timeoutMs = 1000 * (options.timeoutSeconds || TIMEOUT_SECONDS_MIN * (1 + random.next()));

  return {
    async stream(response) {
      response.setHeader("content-type", format.contentType);
      response.setHeader("cache-control", "no-cache, private");
      const warnings = warningHeaders(request.warnings);
      if (warnings.length > 0) response.setHeader("warning", warnings);
      response.writeHead(200);
      response.flushHeaders();
      const watcher = new Watcher(response, resource, options, format, clock);
      await watcher.run({ ...scope, initial, revision, timeoutMs, signal: request.signal });
    },
  };
}

interface Format {
  contentType: string;
  /** Absent for the shared JSON lines. */
  line?(event: { type: string; object: AnyObject }): Buffer;
}

function formatOf(
  request: ApiRequest,
  resource: ServedResource,
  wanted: Negotiated,
  clock: Clock,
): Format {
  if (wanted.format === "protobuf") {
    return {
      contentType: `${mediaTypes.protobuf};stream=watch`,
      line: ({ type, object }) => {
        const isPartial = wanted.as === "partial" && type !== "ERROR";
        const shown = isPartial ? encodePartialObject(object, wanted.version) : object;
        return encodeWatchFrame(type, encodeProtobuf(shown));
      },
    };
  }
  if (wanted.as === "object") return { contentType: JSON_TYPE };
  let first = true;
  const includeObject = request.query.get("includeObject") ?? "Metadata";
  if (wanted.as === "table") checkIncludeObject(includeObject);
  const rendered = (object: AnyObject) =>
    wanted.as === "table"
      ? encodeTable({
          resource,
          objects: [object],
          now: clock.now(),
          includeObject,
          metadata: { resourceVersion: object.metadata.resourceVersion },
          version: wanted.version,
          columns: first,
        })
      : encodePartialObject(object, wanted.version);
  return {
    contentType: JSON_TYPE,
    line({ type, object }) {
      const shown = type === "ERROR" ? object : rendered(object);
      first = false;
      return Buffer.from(`${jsonText({ type, object: shown })}\n`);
    },
  };
}

interface Run {
  namespace: string | undefined;
  name: string | undefined;
  predicate: Predicate | undefined;
  field: { name: string; value: string } | undefined;
  filterKey: string | undefined;
  initial: boolean;
  revision: number;
  timeoutMs: number;
  signal: AbortSignal;
}

class Watcher {
  readonly #response: ServerResponse;
  readonly #resource: ServedResource;
  readonly #options: ListOptions;
  readonly #format: Format;
  readonly #clock: Clock;

  constructor(
    response: ServerResponse,
    resource: ServedResource,
    options: ListOptions,
    format: Format,
    clock: Clock,
  ) {
    this.#response = response;
    this.#resource = resource;
    this.#options = options;
    this.#format = format;
    this.#clock = clock;
  }

  async run(run: Run): Promise<void> {
    let cursor: WatchCursor;
    try {
      if (!(await this.#reached(run))) return;
      cursor = await this.#open(run);
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
      this.#sendError(tooOld(run.revision, error.compactRevision));
      return;
    }
    try {
      await this.#follow(cursor, run);
    } finally {
      cursor.close();
      this.#response.end();
    }
  }

  /**
   * Events of a revision that is still to come wait for it, however long; the state at one is an error. False = the watch is
   * over before.
   */
  async #reached({ revision, timeoutMs, signal, initial }: Run): Promise<boolean> {
    const { cache } = this.#resource;
    const until = this.#clock.monotonic() + timeoutMs;
    for (;;) {
      const leftMs = until - this.#clock.monotonic();
      if (await cache.waitFor(revision, Math.min(leftMs, FRESH_WAIT_MS))) return true;
      if (initial) {
        this.#sendError(tooLargeResourceVersion(revision, cache.revision));
        return false;
      }
      if (leftMs <= FRESH_WAIT_MS || signal.aborted || this.#response.destroyed) {
        this.#response.end();
        return false;
      }
    }
  }

  /** Sends the state as it is now when the client wants it, and gives the cursor that goes on from there. */
  async #open({
    initial,
    revision,
    timeoutMs: _,
    signal: __,
    ...scope
  }: Run): Promise<WatchCursor> {
    const { cache } = this.#resource;
    const { namespace, name, predicate, field } = scope;
    if (!initial) {
      const fromRevision = revision === 0 ? cache.revision : revision;
      return cache.watch({ fromRevision, ...scope });
    }
    const state = cache.list({ namespace, predicate, field });
    const cursor = cache.watch({ fromRevision: state.revision, ...scope });
    for (const item of state.items) {
      if (name !== undefined && item.name !== name) continue;
      if (!this.#write([this.#line("ADDED", item)]) && !this.#response.destroyed) {
        await drained(this.#response);
      }
    }
    if (this.#options.sendInitialEvents === true && this.#options.allowWatchBookmarks) {
      this.#bookmark(state.revision, { "k8s.io/initial-events-end": "true" });
    }
    return cursor;
  }

  async #follow(cursor: WatchCursor, { timeoutMs, signal }: Run): Promise<void> {
    const ended = new Promise<"ended">((resolve) => {
      const timer = this.#clock.setTimer(timeoutMs, () => resolve("ended"));
      const end = () => {
        timer.cancel();
        resolve("ended");
      };
      if (signal.aborted) end();
      signal.addEventListener("abort", end, { once: true });
      this.#response.once("close", end);
    });
    const bookmarks = this.#options.allowWatchBookmarks ? this.#startBookmarks(cursor) : undefined;
    let wake: () => void = () => {};
    cursor.onReadable(() => wake());
    try {
      for (;;) {
        const readable = new Promise<"readable">((resolve) => {
          wake = () => resolve("readable");
        });
        const lines = this.#read(cursor);
        if (cursor.lagged) {
          this.#sendError(tooOld(cursor.revision, cursor.revision));
          return;
        }
        if (lines.length > 0) {
          if (!this.#write(lines)) {
            if ((await Promise.race([drained(this.#response), ended])) === "ended") return;
          }
          continue;
        }
        if ((await Promise.race([readable, ended])) === "ended") return;
      }
    } finally {
      bookmarks?.cancel();
    }
  }

  #read(cursor: WatchCursor): Buffer[] {
    return this.#format.line === undefined
      ? cursor.read(READ_BYTES_MAX)
      : cursor.readEvents().map(({ type, object }) => this.#line(type, object));
  }

  #line(type: string, { bytes }: CachedObject): Buffer {
    const { line } = this.#format;
    if (line === undefined) {
      return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), bytes, LINE_END]);
    }
    return line({ type, object: JSON.parse(bytes.toString()) as AnyObject });
  }

  #write(lines: readonly Buffer[]): boolean {
    if (this.#response.destroyed) return true;
    const bytes = lines.length === 1 ? (lines[0] as Buffer) : Buffer.concat(lines);
    return this.#response.write(bytes);
  }

  #startBookmarks(cursor: WatchCursor): { cancel(): void } {
    let timer = this.#clock.setTimer(BOOKMARK_EVERY_MS, tick);
    const send = () => this.#bookmark(cursor.revision);
    const clock = this.#clock;
    function tick() {
      send();
      timer = clock.setTimer(BOOKMARK_EVERY_MS, tick);
    }
    return { cancel: () => timer.cancel() };
  }

  #bookmark(revision: number, annotations?: Record<string, string>): void {
    const { kind, apiVersion } = this.#resource;
    const metadata = { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) };
    // An object of the kind with nothing in it, as Go prints one.
    const object = normaliseValue(
      this.#resource.typeName,
      { kind, apiVersion, metadata },
      {
        keys: 0,
        tolerant: true,
      },
    ) as unknown as AnyObject;
    const event = { type: "BOOKMARK", object };
    this.#write([this.#format.line?.(event) ?? Buffer.from(`${JSON.stringify(event)}\n`)]);
  }

  #sendError(error: StatusError): void {
    const event = { type: "ERROR", object: error.status as unknown as AnyObject };
    this.#response.end(this.#format.line?.(event) ?? `${JSON.stringify(event)}\n`);
  }
}

const tooOld = (asked: number, oldest: number): StatusError =>
  expired(`too old resource version: ${asked} (${oldest})`);
