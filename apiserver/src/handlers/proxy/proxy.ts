// pods/proxy, services/proxy, nodes/proxy: the request goes on as it is, whatever its method, and so does the answer; upgraded
// connections (WebSocket) are joined (upstream: apimachinery util/proxy UpgradeAwareHandler).
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { goQuoted } from "@coracle/shared/machinery/go-quoted";
import { statusError } from "@coracle/shared/machinery/status-error";
import type { ApiRequest, Handled } from "../api-request.ts";
import { join, rawHead } from "../connect.ts";
import type { Handlers } from "../dispatch.ts";
import { NO_CACHE } from "../send-reply.ts";
import { requestTo, tripError } from "./proxy-connection.ts";
import { type NodeTarget, type PodTarget, proxyTarget } from "./proxy-target.ts";
import { type Rewriting, rewriteHtml, rewriteLink } from "./rewrite-links.ts";

const [pack, unpack] = [promisify(gzip), promisify(gunzip)];
/** Unpacked: a few bytes may stand for very many. */
const PAGE_BYTES_MAX = 64 << 20;

const PROXIED = new Set(["pods", "services", "nodes"]);

export const isProxied = ({ info }: Pick<ApiRequest, "info">): boolean =>
  info.subresource === "proxy" &&
  info.group === "" &&
  PROXIED.has(info.resource) &&
  info.name !== "";

interface Location {
  /** What stands before the proxied path. */
  prefix: string;
  /** With the query. */
  path: string;
}

/** The path as the client wrote it: nothing in it is decoded. */
function locationOf(url: string): Location & { query: string; isBare: boolean } {
  const mark = url.indexOf("?");
  const query = mark < 0 ? "" : url.slice(mark);
  const path = mark < 0 ? url : url.slice(0, mark);
  const segments = path.split("/");
  const end = segments.indexOf("proxy", 5) + 1;
  const rest = segments.slice(end).join("/");
  const prefix = segments.slice(0, end).join("/");
  return { prefix, path: `/${rest}${query}`, query, isBare: segments.length === end };
}

/** Headers that are meant for the next hop only, and what says who the client is to this server. */
const HOP_HEADERS = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const OWN_HEADER = /^(authorization$|impersonate-)/;

function forwardedHeaders(
  { headers, socket }: IncomingMessage,
  { prefix, path }: Location,
  isUpgrade: boolean,
): IncomingHttpHeaders {
  const result: IncomingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (OWN_HEADER.test(name)) continue;
    if (HOP_HEADERS.has(name) && !isUpgrade) continue;
    result[name] = value;
  }
  result["x-forwarded-uri"] = prefix + (path.split("?")[0] as string);
  const before = headers["x-forwarded-for"];
  const client = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  result["x-forwarded-for"] = before === undefined ? client : `${before}, ${client}`;
  return result;
}

export function proxyRequest(request: ApiRequest, handlers: Handlers): Handled {
  const raw = request.raw as IncomingMessage;
  const location = locationOf(raw.url ?? "/");
  const target = proxyTarget(request.info, handlers);
  if (location.isBare && (request.method === "GET" || request.method === "HEAD")) {
    const headers = { location: `${location.prefix}/${location.query}` };
    return { code: 301, contentType: "", body: "", headers };
  }
  return { stream: (response) => passOn(request, raw, location, target, response, handlers) };
}

async function passOn(
  request: ApiRequest,
  raw: IncomingMessage,
  location: Location,
  target: PodTarget | NodeTarget,
  response: ServerResponse,
  handlers: Handlers,
): Promise<void> {
  const headers = forwardedHeaders(raw, location, false);
  const isWhole = raw.readableEnded;
  if (!isWhole && raw.headers["transfer-encoding"]) headers["transfer-encoding"] = "chunked";
  const options = { method: request.method, path: location.path, headers, signal: request.signal };
  const outgoing = await requestTo(target, options, handlers);
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on("response", resolve);
    outgoing.on("upgrade", ({ headers: { upgrade = "" } }, socket) => {
      socket.destroy();
      const protocol = goQuoted(upgrade);
      reject(failed(`backend tried to switch protocol ${protocol} when "" was requested`));
    });
    outgoing.on("error", (error) => reject(tripError(error)));
  });
  if (isWhole) outgoing.end(request.body);
  else raw.pipe(outgoing);
  response.on("close", () => {
    outgoing.destroy();
    // What a backend did not read goes nowhere: the next request comes behind it. A pipe that ends later would pause it again.
    raw.unpipe(outgoing);
    raw.resume();
  });
  await answer(await answered, response, {
    prefix: location.prefix,
    hosts: [raw.headers.host ?? "", outgoing.host],
  });
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  rewriting: Rewriting,
): Promise<void> {
  const { statusCode = 502 } = incoming;
  if (statusCode < 100) throw tripError(new Error(`malformed HTTP status code "${statusCode}"`));
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value === undefined || HOP_HEADERS.has(name)) continue;
    if (name.startsWith("access-control-")) continue;
    headers[name] = value;
  }
  headers["cache-control"] = [NO_CACHE, incoming.headers["cache-control"] ?? []].flat();
  const { location } = incoming.headers;
  if (location !== undefined) headers.location = rewriteLink(location, rewriting);
  const isPage = (incoming.headers["content-type"] ?? "").split(";")[0]?.trim() === "text/html";
  const coding = incoming.headers["content-encoding"] ?? "";
  if (isPage && location === undefined && (coding === "" || coding === "gzip")) {
    delete headers["content-length"];
    const page = await rewrittenPage(incoming, coding === "gzip", rewriting);
    response.writeHead(statusCode, headers);
    response.end(page);
    return;
  }
  response.writeHead(statusCode, headers);
  response.flushHeaders();
  if (incoming.destroyed && !incoming.complete) {
    response.destroy(); // it broke off right behind its head, and says so no more
    return;
  }
  await new Promise<void>((resolve) => {
    incoming.on("error", () => response.destroy());
    incoming.on("aborted", () => response.destroy());
    response.on("close", resolve);
    incoming.pipe(response);
  });
}

async function rewrittenPage(
  incoming: IncomingMessage,
  isPacked: boolean,
  rewriting: Rewriting,
): Promise<Buffer> {
  const page = await collect(incoming).then(
    (bytes) => (isPacked ? unpacked(bytes) : bytes),
    () => Promise.reject(failed("unexpected EOF")), // the other side went away
  );
  const rewritten = Buffer.from(rewriteHtml(page.toString(), rewriting));
  return isPacked ? pack(rewritten) : rewritten;
}

/** Throws with the words of Go's reader. */
async function unpacked(bytes: Buffer): Promise<Buffer> {
  try {
    return await unpack(bytes, { maxOutputLength: PAGE_BYTES_MAX });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    if (code === "Z_BUF_ERROR") throw failed("unexpected EOF");
    if (message !== "incorrect header check") throw failed(message);
    throw failed("errorf making gzip reader: gzip: invalid header"); // upstream's spelling
  }
}

const failed = (message: string) => statusError("", message, undefined, 500);

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The client's upgrade is made to the target, and both connections are joined. */
export async function proxyUpgradedRequest(
  request: ApiRequest,
  raw: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  handlers: Handlers,
): Promise<void> {
  const location = locationOf(raw.url ?? "/");
  const target = proxyTarget(request.info, handlers);
  const headers = forwardedHeaders(raw, location, true);
  // Who refuses may have left HTTP behind all the same: nothing else goes over this connection.
  const options = { method: request.method, path: location.path, headers, agent: false } as const;
  const outgoing = await requestTo(target, options, handlers);
  await new Promise<void>((resolve, reject) => {
    outgoing.on("upgrade", (response, upstream, upstreamHead) => {
      socket.write(rawHead(response));
      if (upstreamHead.length > 0) socket.write(upstreamHead);
      if (head.length > 0) upstream.write(head);
      join(socket, upstream);
      resolve();
    });
    outgoing.on("response", (response) => {
      const answered = collect(response).then((body) => {
        const framing = [`Content-Length: ${body.length}`, "Connection: close"];
        socket.write(rawHead(response, framing));
        socket.end(body);
      });
      // Who is answered by half is cut off by half.
      answered.catch(() => socket.destroy()).finally(resolve);
    });
    outgoing.on("error", (error) => reject(tripError(error)));
    socket.on("close", () => outgoing.destroy());
    outgoing.end();
  });
}
