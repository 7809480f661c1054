// For this folder's tests: a server over the simulated runtime, and clients of it.
import { readFileSync } from "node:fs";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import { systemClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { seededRandom } from "@coracle/shared/runtime/random";
import { WebSocket } from "ws";
import { type KubeletServer, startKubeletServer } from "./kubelet-server.ts";
import { SimulatedBackend } from "./simulated-backend.ts";
import { SpdyTestClient } from "./spdy-test-client.ts";

interface Pair {
  certificate: string;
  key: string;
}

export const certificates = JSON.parse(
  readFileSync(new URL("./testdata/certificates.json", import.meta.url), "utf8"),
) as {
  authority: string;
  server: Pair;
  apiServer: Pair;
  scheduler: Pair;
  stranger: Pair;
};

export interface Answer {
  code: number;
  headers: IncomingMessage["headers"];
  body: string;
}

export class ServerScene {
  readonly backend: SimulatedBackend;
  readonly server: KubeletServer;

  private constructor(backend: SimulatedBackend, server: KubeletServer) {
    this.backend = backend;
    this.server = server;
  }

  /** One Pod default/web without containers. */
  static async open(): Promise<ServerScene> {
    const pod = { namespace: "default", name: "web", uid: "uid-web" };
    const backend = new SimulatedBackend(pod, { clock: systemClock, random: seededRandom(1) });
    const server = await startKubeletServer({
      address: "127.0.0.1",
      port: 0,
      cert: certificates.server.certificate,
      key: certificates.server.key,
      clientCa: certificates.authority,
      backend,
      clock: systemClock,
      logger: silentLogger,
    });
    return new ServerScene(backend, server);
  }

  options(client: Pair | undefined = certificates.apiServer): RequestOptions {
    return {
      host: "127.0.0.1",
      port: this.server.port,
      ca: certificates.authority,
      cert: client?.certificate,
      key: client?.key,
      agent: false,
    };
  }

  request(path: string, options: RequestOptions = this.options()): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest({ ...options, path }, (incoming) => {
        textOf(incoming).then(
          (body) => resolve({ code: incoming.statusCode ?? 0, headers: incoming.headers, body }),
          reject,
        );
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  /** The open response of a log that is followed. */
  follow(path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest({ ...this.options(), path }, resolve);
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  /** Rejects with the answer's code and body when the upgrade is refused. */
  upgrade(
    path: string,
    protocols: readonly string[],
  ): Promise<{ socket: Duplex; response: IncomingMessage }> {
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest({
        ...this.options(),
        path,
        method: "POST",
        headers: {
          connection: "Upgrade",
          upgrade: "SPDY/3.1",
          ...(protocols.length > 0 ? { "x-stream-protocol-version": [...protocols] } : {}),
        },
      });
      outgoing.on("upgrade", (response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve({ socket, response });
      });
      outgoing.on("response", (response) => {
        textOf(response).then(
          (body) => reject(new Error(`${response.statusCode} ${body.trim()}`)),
          reject,
        );
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  async spdy(path: string, protocol = "v4.channel.k8s.io"): Promise<SpdyTestClient> {
    return new SpdyTestClient((await this.upgrade(path, [protocol])).socket);
  }

  /** Resolves when it is open; rejects with the words of `ws`. `finishRequest` may change the request, and has to send it. */
  webSocket(
    path: string,
    protocols: readonly string[],
    finishRequest?: (request: ClientRequest) => void,
  ): Promise<TestWebSocket> {
    const { ca, cert, key, port } = this.options();
    const address = `wss://127.0.0.1:${port}${path}`;
    const webSocket = new WebSocket(address, protocols, { ca, cert, key, finishRequest });
    const client = new TestWebSocket(webSocket);
    return new Promise((resolve, reject) => {
      webSocket.on("open", () => resolve(client));
      webSocket.on("error", reject);
    });
  }

  close(): Promise<void> {
    return this.server.close();
  }
}

/** A WebSocket whose messages are kept per channel (the first byte). */
export class TestWebSocket {
  readonly webSocket: WebSocket;
  readonly closed: Promise<number>;
  readonly #channels = new Map<number, Buffer[]>();

  constructor(webSocket: WebSocket) {
    this.webSocket = webSocket;
    webSocket.on("message", (data: Buffer) => {
      const channel = data[0] ?? -1;
      this.#channels.set(channel, [...(this.#channels.get(channel) ?? []), data.subarray(1)]);
    });
    this.closed = new Promise((resolve) => webSocket.on("close", resolve));
  }

  text(channel: number): string {
    return Buffer.concat(this.#channels.get(channel) ?? []).toString();
  }

  send(...bytes: (number | string)[]): void {
    this.webSocket.send(
      Buffer.concat(bytes.map((part) => Buffer.from(typeof part === "number" ? [part] : part))),
    );
  }
}

export async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
