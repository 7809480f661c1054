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
}

export interface Reply {
  code: number;
  contentType: string;
  body: Buffer | string;
  headers?: Record<string, string>;
}

/** A reply that is written piece by piece: long lists, watches, logs. */
export interface StreamReply {
  stream(response: ServerResponse): Promise<void>;
}

export type Handled = Reply | StreamReply;

export const JSON_TYPE = "application/json";
