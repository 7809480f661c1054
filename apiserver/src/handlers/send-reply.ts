// Writes an answer to its socket: headers, warnings, and the body, compressed if it is large and the client takes that
// (upstream: endpoints/handlers/responsewriters). Large bodies are made piece by piece, as the client takes them.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { createGzip } from "node:zlib";
import type { ChunkedReply, Reply } from "./api-request.ts";
import { warningHeaders } from "./warning-headers.ts";

export const NO_CACHE = "no-cache, private";
/** Below it compression is not worth the work. */
const COMPRESSED_BYTES_MIN = 128 * 1024;
/** Fast: JSON shrinks well by any. */
const LEVEL = 1;
const PIECE_BYTES = 256 * 1024;

type Headers = Record<string, string | string[] | number>;

function headersOf(answer: Reply | ChunkedReply, warnings: readonly string[]): Headers {
  const headers: Headers = { "cache-control": NO_CACHE };
  if (answer.contentType !== "") headers["content-type"] = answer.contentType;
  if (answer.headers !== undefined) Object.assign(headers, answer.headers);
  if (warnings.length > 0) headers.warning = warningHeaders(warnings);
  return headers;
}

/** Upstream takes the bare word only, without a weight. */
function takesGzip({ headers }: IncomingMessage): boolean {
  const accepted = headers["accept-encoding"];
  if (typeof accepted !== "string") return false;
  return accepted.split(",").some((token) => token.trim() === "gzip");
}

/** Undefined when all is written at once. Nothing is when the client is gone. */
export function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Reply | ChunkedReply,
  warnings: readonly string[],
): Promise<void> | undefined {
  if (response.destroyed) return undefined;
  const headers = headersOf(answer, warnings);
  const auditId = request.headers["audit-id"];
  if (auditId !== undefined) headers["audit-id"] = auditId;
  if ("chunks" in answer) return sendChunks(request, response, answer, headers);
  const { code, body } = answer;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  if (bytes.length > COMPRESSED_BYTES_MIN && takesGzip(request)) {
    return sendChunks(request, response, { ...answer, chunks: pieces(bytes) }, headers);
  }
  headers["content-length"] = bytes.length;
  response.writeHead(code, headers);
  response.end(bytes);
  return undefined;
}

function* pieces(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

async function sendChunks(
  request: IncomingMessage,
  response: ServerResponse,
  { code, chunks, length }: ChunkedReply,
  headers: Headers,
): Promise<void> {
  if (request.method === "HEAD") {
    response.writeHead(code, headers).end();
    return;
  }
  if (!takesGzip(request)) {
    if (length !== undefined) headers["content-length"] = length;
    response.writeHead(code, headers);
    await writeAll(response, chunks);
    return;
  }
  response.writeHead(code, { ...headers, "content-encoding": "gzip", vary: "Accept-Encoding" });
  const gzip = createGzip({ level: LEVEL });
  gzip.pipe(response);
  response.once("close", () => gzip.destroy());
  await writeAll(gzip, chunks);
}

/** Each chunk when the one before has been taken. */
async function writeAll(into: Writable, chunks: Iterable<Buffer>): Promise<void> {
  for (const chunk of chunks) {
    if (into.destroyed) return;
    await taken(into, chunk);
  }
  if (!into.destroyed) into.end();
}

/** Resolves when `chunk` is not needed any more, or the other side is gone. */
function taken(into: Writable, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      into.off("close", done);
      resolve();
    };
    into.on("close", done);
    into.write(chunk, done);
  });
}

/** Resolves when what was written has been taken, or the other side is gone. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
}
