// Sends one request and waits for its answer, as long as a server may take.
import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { connect } from "node:tls";
import { gunzipSync } from "node:zlib";
import { systemClock } from "@coracle/shared/runtime/clock";
import { type FuzzRequest, TOKEN_MARK } from "./fuzz-request.ts";

export type Outcome =
  | { kind: "answer"; status: number; type: string; body: Buffer; isComplete: boolean }
  /** The connection ended before there was an answer. */
  | { kind: "closed"; why: string }
  /** The client did not wait for it. */
  | { kind: "left" }
  | { kind: "late" };

export interface FuzzServer {
  url: string;
  token: string;
}

/** Of an answer's head. */
const DEADLINE_MS = 15_000;
/** A watch lasts: its first events are enough. */
const STREAM_MS = 100;
const SILENT_UPGRADE_MS = 200;
const SOCKETS = 16;

export const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS, rejectUnauthorized: false });

/** For a connection that nothing went over before. */
const fresh = (): Agent => new Agent({ rejectUnauthorized: false });

export const sendRequest = (server: FuzzServer, request: FuzzRequest): Promise<Outcome> =>
  request.raw === undefined ? sendHttp(server, request) : sendRaw(server, request, request.raw);

function plainBody({ headers }: IncomingMessage, body: Buffer, isComplete: boolean): Buffer {
  return isComplete && headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
}

const sendablePath = (path: string): string => path.replace(/[^!-~]/gu, encodeURIComponent);

function sendHttp(server: FuzzServer, request: FuzzRequest, connections = agent): Promise<Outcome> {
  const { url, token } = server;
  const { method, path, headers, body } = request;
  const { hostname, port } = new URL(url);
  const withBody = body === undefined ? {} : { "content-length": String(body.length) };
  return new Promise((resolve) => {
    const outgoing = httpsRequest({
      agent: connections,
      hostname,
      port,
      method,
      path: sendablePath(path),
      headers: { authorization: `Bearer ${token}`, ...headers, ...withBody },
    });
    const timer = systemClock.setTimer(DEADLINE_MS, () => {
      resolve({ kind: "late" });
      outgoing.destroy();
    });
    let answered = false;
    const settle = (outcome: Outcome | Promise<Outcome>) => {
      timer.cancel();
      resolve(outcome);
    };
    const leave = () => {
      settle({ kind: "left" });
      outgoing.destroy();
    };
    outgoing.on("response", (response) => {
      answered = true;
      if (request.leaves === "answer") return leave();
      const chunks: Buffer[] = [];
      const answer = (isComplete: boolean): Outcome => ({
        kind: "answer",
        status: response.statusCode ?? 0,
        type: response.headers["content-type"] ?? "",
        body: plainBody(response, Buffer.concat(chunks), isComplete),
        isComplete,
      });
      const isStream = response.headers["content-length"] === undefined && method === "GET";
      const streaming = isStream
        ? systemClock.setTimer(STREAM_MS, () => {
            settle(answer(false));
            outgoing.destroy();
          })
        : undefined;
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", (error) => settle({ kind: "closed", why: error.message }));
      response.on("end", () => {
        streaming?.cancel();
        settle(answer(true));
      });
    });
    outgoing.on("error", (error) => {
      // The one before on the same connection may have ended it: a proxied answer that was broken off behind a HEAD.
      const isOthers = outgoing.reusedSocket && connections === agent && !answered;
      settle(
        isOthers ? sendHttp(server, request, fresh()) : { kind: "closed", why: error.message },
      );
    });
    if (request.leaves === "body") {
      outgoing.write(body?.subarray(0, body.length >> 1) ?? "", leave);
    } else outgoing.end(body);
  });
}

/** Bytes into a socket of its own, until the server closes it or has answered. */
function sendRaw({ url, token }: FuzzServer, request: FuzzRequest, raw: Buffer): Promise<Outcome> {
  const { hostname, port } = new URL(url);
  const isUpgrade = request.afterUpgrade !== undefined;
  const bytes = Buffer.from(raw.toString("latin1").replace(TOKEN_MARK, token), "latin1");
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    const timers = [systemClock.setTimer(DEADLINE_MS, () => settle({ kind: "late" }))];
    const settle = (outcome: Outcome) => {
      for (const timer of timers) timer.cancel();
      resolve(outcome);
      socket.destroy();
    };
    const done = (why: string) =>
      settle(readAnswer(Buffer.concat(chunks)) ?? { kind: "closed", why });
    socket.on("secureConnect", () => {
      socket.write(bytes);
      if (!isUpgrade) socket.end();
      else timers.push(systemClock.setTimer(SILENT_UPGRADE_MS, () => socket.end()));
    });
    let answered = false;
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (answered) return;
      answered = true;
      if (isUpgrade && chunk.toString("latin1").startsWith("HTTP/1.1 101")) {
        if (request.leaves === undefined) socket.end(request.afterUpgrade ?? "");
        else socket.write(request.afterUpgrade ?? "", () => settle({ kind: "left" }));
      }
      timers.push(systemClock.setTimer(STREAM_MS, () => done("")));
    });
    socket.on("error", (error) => done(error.message));
    socket.on("close", () => done("closed"));
  });
}

function readAnswer(bytes: Buffer): Outcome | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  const head = bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
  const status = /^HTTP\/1\.\d (\d{3})/.exec(head)?.[1];
  if (status === undefined) return undefined;
  const type = /^content-type:\s*(.*)$/im.exec(head)?.[1]?.trim() ?? "";
  const length = /^content-length:\s*(\d+)/im.exec(head)?.[1];
  const body = end < 0 ? Buffer.alloc(0) : bytes.subarray(end + 4);
  const isComplete = length !== undefined && body.length >= Number(length);
  // Behind it the answer to what followed the request may stand.
  const own = isComplete ? body.subarray(0, Number(length)) : body;
  return { kind: "answer", status: Number(status), type, body: own, isComplete };
}
