// HTTP and TCP to a Pod by way of the runtime (CRI PortForward), because the addresses of simulated Pods lead nowhere.
import type { Clock } from "@coracle/shared/runtime/clock";
import { Pipe } from "../cri/byte-pipe.ts";
import type { RuntimeService } from "../cri/runtime.ts";

export interface HttpTarget {
  sandboxId: string;
  host: string;
  port: number;
  path: string;
  headers: readonly { name: string; value: string }[];
}

export interface HttpReply {
  status: number;
  body: string;
}

const BODY_LENGTH_MAX = 10 * 1024;

/** Throws with Go's words when nothing listens, or when there is no answer in time. */
export async function httpGet(
  runtime: RuntimeService,
  target: HttpTarget,
  timeoutMs: number,
  clock: Clock,
): Promise<HttpReply> {
  const url = `http://${target.host}:${target.port}${target.path}`;
  const input = new Pipe<Uint8Array>();
  const headers = target.headers.map(({ name, value }) => `${name}: ${value}\r\n`).join("");
  input.push(
    Buffer.from(
      `GET ${target.path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\nUser-Agent: kube-probe/1.36\r\nAccept: */*\r\nConnection: close\r\n${headers}\r\n`,
    ),
  );
  let received = "";
  try {
    await connected(runtime, target, timeoutMs, clock, input, (chunk) => {
      received += Buffer.from(chunk).toString("latin1");
      if (isComplete(received)) input.end();
    });
  } catch (error) {
    throw new Error(`Get "${url}": ${(error as Error).message}`);
  }
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(received)?.[1];
  if (status === undefined) throw new Error(`Get "${url}": EOF`);
  const body = received.slice(received.indexOf("\r\n\r\n") + 4).slice(0, BODY_LENGTH_MAX);
  return { status: Number(status), body };
}

/** Throws when nothing listens. */
export async function tcpConnect(
  runtime: RuntimeService,
  target: { sandboxId: string; host: string; port: number },
  timeoutMs: number,
  clock: Clock,
): Promise<void> {
  const input = new Pipe<Uint8Array>();
  input.end();
  await connected(runtime, target, timeoutMs, clock, input, () => {});
}

async function connected(
  runtime: RuntimeService,
  { sandboxId, host, port }: { sandboxId: string; host: string; port: number },
  timeoutMs: number,
  clock: Clock,
  input: Pipe<Uint8Array>,
  write: (chunk: Uint8Array) => void,
): Promise<void> {
  const controller = new AbortController();
  const timer = clock.setTimer(timeoutMs, () => {
    controller.abort();
    input.end();
  });
  try {
    await runtime.portForward(sandboxId, port, { input, write, signal: controller.signal });
  } catch {
    throw new Error(`dial tcp ${host}:${port}: connect: connection refused`);
  } finally {
    timer.cancel();
  }
  if (controller.signal.aborted) {
    throw new Error("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  }
}

function isComplete(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /^content-length:\s*(\d+)/im.exec(text.slice(0, end))?.[1];
  return length !== undefined && text.length >= end + 4 + Number(length);
}

/** A port by number or by the name that the container gives it; undefined when there is no such name. */
export function portOf(
  port: number | string,
  container: { ports?: { name?: string; containerPort: number }[] },
): number | undefined {
  if (typeof port === "number") return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  return named ?? (/^\d+$/.test(port) ? Number(port) : undefined);
}
