// A kubelet, and Pods behind it, that answer with anything: which of it, the last part of the path says.
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Duplex } from "node:stream";
import { gzipSync } from "node:zlib";

const head = (...lines: string[]): string => ["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n");

interface Odd {
  bytes: Buffer;
  /** The connection is cut off behind them. */
  cut?: boolean;
}

const odd = (text: string | Buffer, cut = false): Odd => ({
  bytes: typeof text === "string" ? Buffer.from(text, "latin1") : text,
  cut,
});

const page = '<html><a href="/x">x</a><img src=\'//y/z\'><a href="http://[::1">'.repeat(20);
const packed = gzipSync(page);
const PAGE = "Content-Type: text/html";
const GZIP = "Content-Encoding: gzip";

/** By the name that a path ends with. */
export const oddAnswers: Readonly<Record<string, Odd>> = {
  plain: odd(`${head("Content-Length: 11")}a log line\n`),
  page: odd(`${head(PAGE, `Content-Length: ${page.length}`)}${page}`),
  packed: odd(Buffer.concat([Buffer.from(head(PAGE, GZIP, "Connection: close")), packed]), true),
  "not-packed": odd(`${head(PAGE, GZIP, "Content-Length: 5")}abcde`),
  "half-packed": odd(
    Buffer.concat([Buffer.from(head(PAGE, GZIP, "Content-Length: 900")), packed.subarray(0, 20)]),
    true,
  ),
  "half-page": odd(`${head(PAGE, "Content-Length: 900")}<a href=`, true),
  half: odd(`${head("Content-Length: 900")}half`, true),
  chunks: odd(`${head("Transfer-Encoding: chunked")}4\r\nabcd\r\n0\r\n\r\n`),
  "bad-chunks": odd(`${head("Transfer-Encoding: chunked")}zz\r\nabcd\r\n`),
  both: odd(`${head("Transfer-Encoding: chunked", "Content-Length: 4")}4\r\nabcd\r\n0\r\n\r\n`),
  redirect: odd("HTTP/1.1 302 Found\r\nLocation: //[::1\r\nContent-Length: 0\r\n\r\n"),
  "redirect-far": odd(
    "HTTP/1.1 302 Found\r\nLocation: http://a\x80/%zz\r\nContent-Length: 0\r\n\r\n",
  ),
  early: odd(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${head("Content-Length: 1")}a`),
  switching: odd("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
  "many-headers": odd(
    head(...Array.from({ length: 500 }, (_, i) => `X-${i}: y`), "Content-Length: 0"),
  ),
  "bad-header": odd(head("X\x01: y", "Content-Length: 0")),
  "bad-value": odd(head("X-Y: \x80\x01", "Content-Length: 0")),
  "long-header": odd(head(`X: ${"y".repeat(40_000)}`, "Content-Length: 0")),
  "no-content": odd("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nabcde"),
  status: odd("HTTP/1.1 299 \x80\r\nContent-Length: 0\r\n\r\n"),
  "no-status": odd("HTTP/1.1 099 x\r\n\r\n", true),
  nonsense: odd("\x00\x01\x02\r\n\r\n", true),
  nothing: odd("", true),
  large: odd(
    Buffer.concat([Buffer.from(head("Content-Length: 1000000")), Buffer.alloc(1_000_000)]),
  ),
};

const SWITCHED =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

const oddOf = (path: string): Odd | undefined => {
  const [name = ""] = path.replace(/\?.*$/s, "").split("/").slice(-1);
  return Object.hasOwn(oddAnswers, name) ? oddAnswers[name] : undefined;
};

function send(socket: Duplex, { bytes, cut }: Odd, frame = (part: Buffer) => part): void {
  socket.write(frame(bytes), () => (cut === true ? socket.destroy() : undefined));
}

/** Of a server: not masked. */
function frame(opcode: number, payload: Buffer): Buffer {
  const extended = Buffer.alloc(8);
  extended.writeBigUInt64BE(BigInt(payload.length));
  return Buffer.concat([Buffer.from([0x80 | opcode, 127]), extended, payload]);
}

const BINARY = 2;
const data =
  (...channel: number[]) =>
  (bytes: Buffer) =>
    frame(BINARY, Buffer.concat([Buffer.from(channel), bytes]));

/** What a tunnel may say instead of an answer, by name too. */
const oddFrames: Readonly<Record<string, Buffer>> = {
  "closed-early": Buffer.concat([frame(8, Buffer.alloc(0)), data(0, 0, 0)(Buffer.from("late"))]),
  "closed-twice": Buffer.concat([frame(8, Buffer.alloc(0)), frame(8, Buffer.alloc(0))]),
  failed: data(1, 0, 0)(Buffer.from("connection refused")),
  pings: Buffer.concat(Array.from({ length: 200 }, () => frame(9, Buffer.from("x")))),
  "no-port": data(0)(Buffer.alloc(0)),
  empty: frame(BINARY, Buffer.alloc(0)),
  "other-channel": data(77, 0, 0)(Buffer.from("x")),
  "too-long": Buffer.from([0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2]),
  "odd-code": frame(5, Buffer.from("x")),
};

export const oddNames: readonly string[] = [...Object.keys(oddAnswers), ...Object.keys(oddFrames)];

const TLS_HANDSHAKE = 0x16;
/** Opcode and length (of 126 bytes to 64 KiB), the mask and the channel. */
const FRAME_HEAD = 2 + 2 + 4 + 1;

/** Port-forward: the request comes in frames whose masks are zero, so it can be read where it stands. */
function tunnel(socket: Duplex): void {
  socket.on("end", () => socket.end()); // the server's connections stay open by half
  socket.write(SWITCHED);
  let text = "";
  let isAnswered = false;
  socket.on("data", (bytes: Buffer) => {
    if (isAnswered) return; // more of a body
    text += bytes.toString("latin1"); // a long request line comes in pieces
    const path = /[A-Z]+ (\S+) HTTP\/1\.1\r\n/.exec(text)?.[1];
    isAnswered = path !== undefined;
    // Also to a TLS handshake the answer is plain text.
    if (text.charCodeAt(FRAME_HEAD) === TLS_HANDSHAKE) {
      isAnswered = true;
      send(socket, { bytes: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n") }, data(0, 0, 0));
    }
    if (path === undefined) return;
    const [name = ""] = path.replace(/\?.*$/s, "").split("/").slice(-1);
    const frames = Object.hasOwn(oddFrames, name) ? oddFrames[name] : undefined;
    if (frames !== undefined) socket.end(frames);
    else send(socket, oddOf(path) ?? (oddAnswers.plain as Odd), data(0, 0, 0));
  });
}

/** Listens on no port yet. */
export function fuzzKubelet(serving: { cert: string; key: string }): Server {
  const server = createServer(serving, (request: IncomingMessage, response: ServerResponse) => {
    const found = oddOf(request.url ?? "");
    if (found === undefined) return response.end("a log line\n");
    const { socket } = response;
    if (socket === null) return undefined;
    send(socket, found);
    // Node takes its own answer for still to come, and would keep the next one's back.
    return found.cut === true ? undefined : socket.end();
  });
  server.on("upgrade", ({ url = "" }: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => socket.destroy());
    if (url.startsWith("/portForward/") && url.includes("?ports=")) return tunnel(socket);
    const found = oddOf(url);
    if (found !== undefined) return send(socket, found);
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    return socket.pipe(socket);
  });
  return server;
}
