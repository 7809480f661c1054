// The WebSocket handshake. `ws` does it, but for one name that it takes for malformed.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { listOf, refuseUpgrade } from "./upgrade-reply.ts";

const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;
const CHOSEN = Symbol("chosen subprotocol");

interface Negotiated extends IncomingMessage {
  [CHOSEN]?: string;
}

const server = new WebSocketServer({
  noServer: true,
  maxPayload: MESSAGE_BYTES_MAX,
  perMessageDeflate: false,
});
server.on("headers", (headers: string[], request: Negotiated) => {
  const chosen = request[CHOSEN] ?? "";
  if (chosen !== "") headers.push(`Sec-WebSocket-Protocol: ${chosen}`);
});

/**
 * Agrees on the first of the client's subprotocols that is served ("" among them: a client may offer none).
 * Undefined after a refusal.
 */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  served: readonly string[],
): Promise<{ webSocket: WebSocket; protocol: string } | undefined> {
  const offered = listOf(request.headers["sec-websocket-protocol"]);
  const candidates = offered.length === 0 ? [""] : offered;
  const protocol = candidates.find((candidate) => served.includes(candidate));
  if (protocol === undefined) {
    refuseUpgrade(
      socket,
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(" ")}], server accepts [${served.join(" ")}]`,
    );
    return Promise.resolve(undefined);
  }
  // ws refuses `SPDY/3.1+portforward.k8s.io` (a `/` is not allowed in a token), so it is not shown any subprotocol; the choice is
  // put into the answer by the listener above.
  delete request.headers["sec-websocket-protocol"];
  (request as Negotiated)[CHOSEN] = protocol;
  return new Promise((resolve) => {
    socket.once("close", () => resolve(undefined)); // ws has refused the handshake
    server.handleUpgrade(request, socket, head, (webSocket) => resolve({ webSocket, protocol }));
  });
}
