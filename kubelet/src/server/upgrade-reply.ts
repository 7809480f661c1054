// Answers on a socket that HTTP has let go of.
import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

export function refuseUpgrade(
  socket: Duplex,
  code: number,
  message: string,
  headers: readonly string[] = [],
): void {
  if (socket.destroyed) return;
  const body = `${message}\n`;
  const lines = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? "Error"}`,
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    ...headers,
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** Values of a header that is a list. */
export const listOf = (header: string | string[] | undefined): string[] =>
  [header ?? []]
    .flat()
    .flatMap((line) => line.split(","))
    .map((value) => value.trim())
    .filter((value) => value !== "");

const PROTOCOL_HEADER = "X-Stream-Protocol-Version";

/**
 * Answers `101` with the first protocol of the client's that is served; undefined after a refusal (upstream: httpstream.Handshake).
 */
export function acceptSpdy(
  request: IncomingMessage,
  socket: Duplex,
  served: readonly string[],
): string | undefined {
  const offered = request.headersDistinct["x-stream-protocol-version"];
  if (offered === undefined) {
    const count = Object.keys(request.headers).length;
    const why = `header ${PROTOCOL_HEADER} does not exist in request with ${count} headers`;
    refuseUpgrade(socket, 400, `unable to upgrade: ${why}`);
    return undefined;
  }
  const protocols = listOf(offered);
  const protocol = protocols.find((candidate) => served.includes(candidate));
  if (protocol === undefined) {
    refuseUpgrade(
      socket,
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${protocols.join(" ")}], server accepts [${served.join(" ")}]`,
      served.map((name) => `X-Accepted-Stream-Protocol-Versions: ${name}`),
    );
    return undefined;
  }
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${PROTOCOL_HEADER}: ${protocol}\r\n\r\n`,
  );
  return protocol;
}
