// A request as the handlers see it, made by the first links of the chain.
import type { IncomingMessage } from "node:http";
import type { Access } from "./filters/access.ts";
import { isLongRunning, requestInfo } from "./filters/request-info.ts";
import { timeoutOf } from "./filters/request-timeout.ts";
import type { ApiRequest } from "./handlers/api-request.ts";

const NO_QUERY = new URLSearchParams();

/** The abort signal is made only when a long-running handler asks for it. */
export class Incoming implements ApiRequest {
  readonly method: string;
  readonly info: ApiRequest["info"];
  readonly query: URLSearchParams;
  readonly headers: ApiRequest["headers"];
  readonly user: ApiRequest["user"];
  readonly body: Buffer;
  readonly raw: IncomingMessage;
  /** Infinity for what may last. */
  readonly timeoutMs: number;
  warnings: string[] = [];
  readonly #stopping: AbortSignal;
  #signal: AbortSignal | undefined;
  #abort: (() => void) | undefined;

  constructor(given: Pick<ApiRequest, "info" | "query" | "user" | "body"> & Given) {
    const { raw } = given;
    this.method = raw.method ?? "GET";
    this.info = given.info;
    this.query = given.query;
    this.headers = raw.headers;
    this.user = given.user;
    this.body = given.body;
    this.raw = raw;
    this.timeoutMs = given.timeoutMs;
    this.#stopping = given.stopping;
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      const controller = new AbortController();
      const abort = () => {
        this.release();
        controller.abort();
      };
      this.raw.socket.once("close", abort);
      this.#stopping.addEventListener("abort", abort, { once: true });
      this.#signal = controller.signal;
      this.#abort = abort;
    }
    return this.#signal;
  }

  /** The request is done with: a connection that stays holds nothing of it. */
  release(): void {
    if (this.#abort === undefined) return;
    this.raw.socket.off("close", this.#abort);
    this.#stopping.removeEventListener("abort", this.#abort);
    this.#abort = undefined;
  }
}

interface Given {
  raw: IncomingMessage;
  timeoutMs: number;
  stopping: AbortSignal;
}

export interface ChainDependencies {
  access: Access;
  requestTimeoutMs: number;
  /** Aborted when the server stops: watches end. */
  stopping: AbortSignal;
}

/** The first links of the chain, in upstream's order; throws what they refuse. */
export function admitRequest(
  raw: IncomingMessage,
  body: Buffer,
  { access, requestTimeoutMs, stopping }: ChainDependencies,
): Incoming {
  const url = raw.url ?? "/";
  const mark = url.indexOf("?");
  const query = mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1));
  const info = requestInfo(raw.method ?? "GET", mark < 0 ? url : url.slice(0, mark), query);
  const timeoutMs = isLongRunning(info)
    ? Number.POSITIVE_INFINITY
    : timeoutOf(query, requestTimeoutMs);
  const user = access.admit(raw, info);
  return new Incoming({ raw, info, query, user, body, timeoutMs, stopping });
}
