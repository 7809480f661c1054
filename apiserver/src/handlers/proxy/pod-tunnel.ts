// A connection to a port of a Pod. The addresses of simulated Pods are on no network, so it leads through port-forward of the
// Pod's kubelet, over WebSocket channels: 0 is data, 1 tells what went wrong; each begins with the port as two bytes.
import { request as httpsRequest, type RequestOptions } from "node:https";
import { Duplex } from "node:stream";
import { binaryFrame, closeFrame, FrameReader } from "./websocket-frames.ts";

const DATA = 0;
const PORT_BYTES = 2;
const PROTOCOL = "v4.channel.k8s.io";
/** Any will do: it only proves that the other side speaks WebSocket. */
const KEY = Buffer.from("coracle apiserve").toString("base64");
const SWITCHING = 101;

/** `kubelet`: where it is, with the credentials to call it; `path` is portForward's of the Pod. Rejects when nobody answers. */
export function openTunnel(kubelet: RequestOptions, path: string, port: number): Promise<Duplex> {
  const outgoing = httpsRequest({
    agent: false, // nothing else goes over a connection that was to be a tunnel
    ...kubelet,
    path: `${path}?ports=${port}`,
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": KEY,
      "sec-websocket-protocol": PROTOCOL,
    },
  });
  return new Promise((resolve, reject) => {
    outgoing.on("upgrade", (_response, socket, head) => resolve(new PodTunnel(socket, head)));
    outgoing.on("response", (response) => {
      response.resume();
      reject(new Error(`the kubelet answered ${response.statusCode}, not ${SWITCHING}`));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

class PodTunnel extends Duplex {
  readonly #socket: Duplex;
  /** Channels whose port has come. */
  readonly #begun = new Set<number>();

  constructor(socket: Duplex, head: Buffer) {
    super();
    this.#socket = socket;
    const reader = new FrameReader({
      message: (payload) => this.#take(payload),
      answer: (bytes) => socket.write(bytes),
      end: () => this.push(null),
    });
    socket.on("data", (bytes: Buffer) => reader.push(bytes));
    socket.on("end", () => this.push(null));
    socket.on("close", () => this.destroy());
    socket.on("error", (error) => this.destroy(error));
    if (head.length > 0) reader.push(head);
  }

  #take(payload: Buffer): void {
    const channel = payload[0] ?? DATA;
    const isFirst = !this.#begun.has(channel);
    this.#begun.add(channel);
    const bytes = payload.subarray(isFirst ? 1 + PORT_BYTES : 1);
    if (bytes.length === 0) return;
    if (channel !== DATA) this.destroy(new Error(bytes.toString()));
    else if (!this.push(bytes)) this.#socket.pause();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void) {
    this.#socket.write(binaryFrame(Buffer.concat([Buffer.from([DATA]), chunk])), done);
  }

  /** There is no half of a forwarded connection: what is to come back comes before it is closed. */
  override _final(done: () => void): void {
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const socket = this.#socket;
    // The other side need not agree: it might never.
    if (!socket.destroyed) socket.end(closeFrame(), () => socket.destroy());
    done(error);
  }
}
