// Port-forward over WebSocket channels, as client libraries (not kubectl) do it: the query names the ports; port number i has the
// channels 2i for data and 2i+1 for errors, and each starts with the port as two bytes, the lower one first
// (upstream: kubelet/cri/streaming/portforward/websocket.go).
import type { WebSocket } from "ws";
import { KubeletError } from "./backend.ts";
import { ChannelSocket } from "./channel-socket.ts";
import { type ForwardTarget, forward, parsePort } from "./port-forward.ts";

const BASE64_PROTOCOL = "v4.base64.channel.k8s.io";
export const WEBSOCKET_PORT_PROTOCOLS = ["", "v4.channel.k8s.io", BASE64_PROTOCOL];
const PORTS_MAX = 127; // channel numbers are one byte

/** Throws KubeletError 400, in upstream's words. */
export function portsOf(query: URLSearchParams): number[] {
  const texts = query.getAll("ports").flatMap((text) => text.split(","));
  if (texts.length === 0) throw new KubeletError(400, 'query parameter "ports" is required');
  if (texts.length > PORTS_MAX) throw new KubeletError(400, "too many ports");
  return texts.map((text) => {
    try {
      return parsePort(text);
    } catch (error) {
      throw new KubeletError(400, (error as Error).message);
    }
  });
}

export interface WebSocketForwardOptions {
  webSocket: WebSocket;
  protocol: string;
  ports: readonly number[];
  target: ForwardTarget;
}

/** Resolves when every connection is over. */
export async function serveWebSocketPorts(options: WebSocketForwardOptions): Promise<void> {
  const { webSocket, protocol, ports, target } = options;
  const isBase64 = protocol === BASE64_PROTOCOL || protocol === "";
  const socket = new ChannelSocket({ webSocket, inputs: ports.map((_port, i) => 2 * i), isBase64 });
  ports.forEach((port, i) => {
    const head = Buffer.from([port & 255, port >> 8]);
    void socket.write(2 * i, head);
    void socket.write(2 * i + 1, head);
  });
  await Promise.all(
    ports.map(async (port, i) => {
      const input = socket.input(2 * i);
      if (input === undefined) return;
      const failure = await forward(target, port, {
        input,
        write: (chunk) => socket.write(2 * i, chunk),
        signal: socket.signal,
      });
      if (failure !== undefined) void socket.write(2 * i + 1, Buffer.from(failure));
      input.discard();
    }),
  );
  socket.close();
}
