// What listens in a simulated Pod: every declared container port answers HTTP with one page that says where it came from. Probes ask
// the same function, so that a declared failure shows in both.
import type { Clock } from "@coracle/shared/runtime/clock";
import { type ForwardedConnection, RuntimeError } from "../runtime.ts";
import type { SimulatedContainer } from "./container.ts";

/** The running container that declares `port`; else the first one that runs, for programs also listen where no port is declared. */
function listenerOn(
  containers: readonly SimulatedContainer[],
  port: number,
  nowMs: number,
): SimulatedContainer | undefined {
  const listening = containers.filter(
    ({ state, startedAt, image }) =>
      state === "CONTAINER_RUNNING" &&
      nowMs >= startedAt + (image.listensAfterSeconds ?? 0) * 1000 &&
      !image.closedPorts?.includes(port),
  );
  return listening.find(({ config }) => config.ports.includes(port)) ?? listening[0];
}

export async function serveForwarded(
  containers: readonly SimulatedContainer[],
  port: number,
  connection: ForwardedConnection,
  clock: Clock,
): Promise<void> {
  const container = listenerOn(containers, port, clock.now());
  if (container === undefined) {
    throw new RuntimeError(
      "Unknown",
      `failed to connect to localhost:${port} inside namespace "${containers[0]?.sandbox.id ?? ""}", IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused`,
    );
  }
  let received = "";
  for await (const chunk of connection.input) {
    received += Buffer.from(chunk).toString("latin1");
    for (let end = requestEnd(received); end >= 0; end = requestEnd(received)) {
      const head = received.slice(0, end);
      received = received.slice(end);
      connection.write(answer(container, port, head));
      if (/^connection:\s*close/im.test(head)) return;
    }
  }
}

/** Where the first complete request ends; -1 when it is not complete. */
function requestEnd(text: string): number {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return -1;
  const length = /^content-length:\s*(\d+)/im.exec(text.slice(0, headEnd));
  const end = headEnd + 4 + Number(length?.[1] ?? 0);
  return text.length >= end ? end : -1;
}

function answer(container: SimulatedContainer, port: number, head: string): Uint8Array {
  const status = container.image.httpStatus ?? 200;
  const { name } = container.config.metadata;
  const requestLine = head.slice(0, head.indexOf("\r\n"));
  const body = `${container.sandbox.hostname} ${name}:${port} (${container.config.image}) answers ${requestLine}\n`;
  const text = requestLine.startsWith("HEAD ") ? "" : body;
  return Buffer.from(
    `HTTP/1.1 ${status} ${status < 400 ? "OK" : "Error"}\r\ncontent-type: text/plain\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${text}`,
  );
}
