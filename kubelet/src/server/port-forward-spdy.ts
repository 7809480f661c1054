// Port-forward over SPDY, raw or inside a WebSocket: per forwarded connection one data and one error stream with the same header
// `requestid` (upstream: kubelet/cri/streaming/portforward/httpstream.go).
import type { Duplex } from "node:stream";
import type { Clock, Timer } from "@coracle/shared/runtime/clock";
import { type ForwardTarget, forward, parsePort } from "./port-forward.ts";
import { STREAM_CREATION_MS } from "./remote-command-spdy.ts";
import { SpdyConnection, type SpdyStream } from "./spdy-connection.ts";
import type { SpdyHeaders } from "./spdy-header-block.ts";

export const PORT_FORWARD_PROTOCOL = "portforward.k8s.io";
/** The same bytes inside the binary messages of a WebSocket; kubectl 1.31 and later ask for it. */
export const TUNNEL_PROTOCOL = `SPDY/3.1+${PORT_FORWARD_PROTOCOL}`;

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  timer: Timer;
}

function admit(headers: SpdyHeaders): void {
  parsePort(headers.port);
  const kind = headers.streamtype ?? "";
  if (kind === "") throw new Error('"streamType" header is required');
  if (kind !== "data" && kind !== "error") throw new Error(`invalid stream type "${kind}"`);
}

/** Serves until the client hangs up. */
export function servePortForward(
  transport: Duplex,
  target: ForwardTarget,
  clock: Clock,
): Promise<void> {
  const pairs = new Map<string, Pair>();
  const giveUp = (id: string) => {
    const pair = pairs.get(id);
    pairs.delete(id);
    void pair?.error?.write(
      Buffer.from(`error forwarding to pod: timed out waiting for data stream ${id}`),
    );
    for (const stream of [pair?.data, pair?.error]) if (stream) connection.remove(stream);
  };
  const connection = new SpdyConnection({
    transport,
    clock,
    admit,
    onStream: (stream) => {
      const id = requestIdOf(stream);
      const pair = pairs.get(id) ?? {
        timer: clock.setTimer(STREAM_CREATION_MS, () => giveUp(id)),
      };
      pairs.set(id, pair);
      pair[stream.headers.streamtype === "data" ? "data" : "error"] = stream;
      const { data, error } = pair;
      if (data === undefined || error === undefined) return;
      pair.timer.cancel();
      pairs.delete(id);
      void forwardPair(connection, target, { data, error });
    },
  });
  connection.signal.addEventListener("abort", () => {
    for (const { timer } of pairs.values()) timer.cancel();
    pairs.clear();
  });
  return connection.run();
}

/** Very old clients send no id; they open the error stream first, and the data stream next. */
function requestIdOf({ id, headers }: SpdyStream): string {
  if (headers.requestid !== undefined) return headers.requestid;
  return String(headers.streamtype === "data" ? id - 2 : id);
}

async function forwardPair(
  connection: SpdyConnection,
  target: ForwardTarget,
  { data, error }: { data: SpdyStream; error: SpdyStream },
): Promise<void> {
  const failure = await forward(target, parsePort(data.headers.port), {
    input: data.input,
    write: (chunk) => data.write(chunk),
    signal: data.signal,
  });
  if (failure !== undefined) void error.write(Buffer.from(failure));
  connection.remove(data);
  connection.remove(error);
}
