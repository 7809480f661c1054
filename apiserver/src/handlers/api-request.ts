// What the filter chain hands to a handler, and what a handler hands back.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestInfo } from "../filters/request-info.ts";
import type { User } from "../registry/user.ts";

export interface ApiRequest {
  method: string;
  info: RequestInfo;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  user: User;
  /** Empty when the request has none. */
  body: Buffer;
  /** Texts of `Warning: 299` headers, on whatever the answer is. */
  warnings: string[];
  /** Aborted when the client goes away or the server stops. */
  signal: AbortSignal;
  /** As it came, for what is passed on. */
  raw?: IncomingMessage;
}

export interface Reply {
  code: number;
  contentType: string;
  body: Buffer | string;
  headers?: Record<string, string>;
}

/** A reply whose body is made while the client takes it, as it is large. */
export interface ChunkedReply extends Omit<Reply, "body"> {
  /** Each holds until the next one is asked for: they may share their memory. */
  chunks: Iterable<Buffer>;
  /** Bytes of all chunks, where that is known. */
  length?: number;
}

/** A reply that lasts, and is written by its handler: watches, logs. */
export interface StreamReply {
  stream(response: ServerResponse): Promise<void>;
}

export type Handled = Reply | ChunkedReply | StreamReply;

export const JSON_TYPE = "application/json";
