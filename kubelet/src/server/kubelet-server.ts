// The kubelet's HTTPS server: the API server comes here for logs, exec, attach and port-forward
// (upstream: kubelet/server/server.go, and the runtime's streaming server behind it).
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { type KubeletBackend, KubeletError } from "./backend.ts";
import { refusalOf } from "./client-certificate.ts";
import { answer, answerPlain } from "./plain-request.ts";
import { routeOf } from "./request-route.ts";
import { serveUpgrade } from "./streaming-upgrade.ts";
import { refuseUpgrade } from "./upgrade-reply.ts";

export interface KubeletServerOptions {
  address: string;
  /** 0: any free port. */
  port: number;
  /** PEM. */
  cert: string;
  key: string;
  /** Signs the certificates of the clients that are heard. */
  clientCa: string;
  backend: KubeletBackend;
  clock: Clock;
  logger: Logger;
}

export interface KubeletServer {
  port: number;
  /** Ends all connections, also upgraded ones. */
  close(): Promise<void>;
}

/** A client that vanished without a word is noticed after that, and what it ran is killed. */
const KEEP_ALIVE_MS = 30_000;
const TEXT = "text/plain; charset=utf-8";

/** Rejects when the address cannot be listened on. */
export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const { cert, key, clientCa, logger } = options;
  const server = createServer({
    cert,
    key,
    ca: clientCa,
    requestCert: true,
    rejectUnauthorized: false, // so that a client without a certificate reads 401
  });
  const sockets = new Set<Socket>();
  server.on("secureConnection", (socket) => {
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("request", (request, response) => {
    answerRequest(request, response, options).catch((error: unknown) => {
      const { code, message } = refusal(error, request, logger);
      if (response.headersSent) response.destroy();
      else answer(response, code, TEXT, message);
    });
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    upgradeRequest(request, socket, head, options).catch((error: unknown) => {
      const { code, message } = refusal(error, request, logger);
      refuseUpgrade(socket, code, message);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.address, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: KubeletServerOptions,
): Promise<void> {
  const refused = refusalOf(request);
  if (refused !== undefined) return answer(response, refused.code, TEXT, refused.message);
  const routed = routeOf(request.url ?? "/");
  if (routed === undefined) return answer(response, 404, TEXT, "404 page not found\n");
  await answerPlain(request, response, routed, options);
}

async function upgradeRequest(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  options: KubeletServerOptions,
): Promise<void> {
  const refused = refusalOf(request);
  if (refused !== undefined) return refuseUpgrade(socket, refused.code, refused.message);
  const routed = routeOf(request.url ?? "/");
  if (routed === undefined) return refuseUpgrade(socket, 404, "404 page not found");
  await serveUpgrade({ request, socket, head }, routed, options);
}

/** What is no KubeletError is a bug of ours or of the runtime's: its cause goes into the log. */
function refusal(
  error: unknown,
  request: IncomingMessage,
  logger: Logger,
): { code: number; message: string } {
  if (error instanceof KubeletError) return { code: error.code, message: error.message };
  logger.error({ url: request.url?.split("?")[0], err: error }, "request failed");
  return { code: 500, message: error instanceof Error ? error.message : String(error) };
}
