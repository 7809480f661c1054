// One request of a run. The same seed and corpus make the same request.
import { gunzipSync } from "node:zlib";
import type { Random } from "@coracle/shared/runtime/random";

export const TOKEN_MARK = "$(token)";

export interface FuzzRequest {
  family: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: Buffer;
  /** Instead of all that: what goes into a socket of its own, head and all. TOKEN_MARK stands for the administrator's. */
  raw?: Buffer;
  /** Follows when the server has answered with 101. */
  afterUpgrade?: Buffer;
  /** The client goes away: when half of the body is sent, or when the answer begins. */
  leaves?: "body" | "answer";
}

export type Family = (random: Random) => FuzzRequest;

export interface StoredRequest {
  method: string;
  path: string;
  headers?: Record<string, string>;
  /** Base64. */
  body?: string;
  /** Base64 of the body compressed, where it is long. */
  gzip?: string;
  /** Base64. */
  raw?: string;
  /** Base64. */
  afterUpgrade?: string;
  leaves?: "body" | "answer";
}

export const fromStored = (family: string, stored: StoredRequest): FuzzRequest => ({
  family,
  method: stored.method,
  path: stored.path,
  headers: stored.headers ?? {},
  ...(stored.body === undefined ? {} : { body: Buffer.from(stored.body, "base64") }),
  ...(stored.gzip === undefined ? {} : { body: gunzipSync(Buffer.from(stored.gzip, "base64")) }),
  ...(stored.raw === undefined ? {} : { raw: Buffer.from(stored.raw, "base64") }),
  ...(stored.afterUpgrade === undefined
    ? {}
    : { afterUpgrade: Buffer.from(stored.afterUpgrade, "base64") }),
  ...(stored.leaves === undefined ? {} : { leaves: stored.leaves }),
});

export const toStored = ({
  method,
  path,
  headers,
  body,
  raw,
  afterUpgrade,
  leaves,
}: FuzzRequest): StoredRequest => ({
  method,
  path,
  headers,
  ...(afterUpgrade === undefined ? {} : { afterUpgrade: afterUpgrade.toString("base64") }),
  ...(leaves === undefined ? {} : { leaves }),
  ...(body === undefined ? {} : { body: body.toString("base64") }),
  ...(raw === undefined ? {} : { raw: raw.toString("base64") }),
});
