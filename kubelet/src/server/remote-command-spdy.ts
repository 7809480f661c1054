// Exec and attach over SPDY: one stream each for error, stdin, stdout, stderr and resize, told apart by their header `streamtype`
// (upstream: kubelet/cri/streaming/remotecommand/httpstream.go).
import type { Duplex } from "node:stream";
import type { Clock } from "@coracle/shared/runtime/clock";
import { encodeStatus, type RemoteCommandChannels } from "./remote-command.ts";
import { SpdyConnection, type SpdyStream } from "./spdy-connection.ts";
import type { SpdyHeaders } from "./spdy-header-block.ts";
import type { StreamOptions } from "./stream-options.ts";

export const SPDY_COMMAND_PROTOCOLS = [
  "v4.channel.k8s.io",
  "v3.channel.k8s.io",
  "v2.channel.k8s.io",
  "channel.k8s.io",
];

export const STREAM_CREATION_MS = 30_000;

const KINDS = ["error", "stdin", "stdout", "stderr", "resize"] as const;
type Kind = (typeof KINDS)[number];

function kindOf(headers: SpdyHeaders): Kind {
  const kind = KINDS.find((candidate) => candidate === headers.streamtype);
  if (kind === undefined) throw new Error(`invalid stream type "${headers.streamtype ?? ""}"`);
  return kind;
}

export interface SpdyCommandOptions {
  transport: Duplex;
  /** One of SPDY_COMMAND_PROTOCOLS, as agreed. */
  protocol: string;
  options: StreamOptions;
  clock: Clock;
}

/** Waits for the client's streams. Undefined: it did not open them in time, or went away. */
export async function openSpdyChannels(
  settings: SpdyCommandOptions,
): Promise<RemoteCommandChannels | undefined> {
  const { protocol, options, transport, clock } = settings;
  const version = SPDY_COMMAND_PROTOCOLS.length - SPDY_COMMAND_PROTOCOLS.indexOf(protocol);
  const expected = new Set<Kind>(["error"]);
  for (const kind of ["stdin", "stdout", "stderr"] as const) if (options[kind]) expected.add(kind);
  if (options.tty && version >= 3) expected.add("resize");
  const streams = new Map<Kind, SpdyStream>();
  let settle: (isComplete: boolean) => void = () => {};
  const complete = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const connection = new SpdyConnection({
    transport,
    clock,
    admit: kindOf,
    onStream: (stream) => {
      streams.set(kindOf(stream.headers), stream);
      if ([...expected].every((kind) => streams.has(kind))) settle(true);
    },
  });
  connection.signal.addEventListener("abort", () => settle(false), { once: true });
  const timer = clock.setTimer(STREAM_CREATION_MS, () => settle(false));
  void connection.run();
  const isComplete = await complete;
  timer.cancel();
  if (!isComplete) {
    connection.close();
    return undefined;
  }
  return channelsOf(connection, streams, version >= 4);
}

function channelsOf(
  connection: SpdyConnection,
  streams: ReadonlyMap<Kind, SpdyStream>,
  isJson: boolean,
): RemoteCommandChannels {
  const output = (kind: Kind) => {
    const stream = streams.get(kind);
    return stream === undefined ? undefined : (chunk: Uint8Array) => stream.write(chunk);
  };
  return {
    stdin: streams.get("stdin")?.input,
    stdout: output("stdout"),
    stderr: output("stderr"),
    resize: streams.get("resize")?.input,
    signal: connection.signal,
    finish: (status) => {
      const error = streams.get("error");
      const bytes = encodeStatus(status, isJson);
      if (bytes.length > 0) void error?.write(bytes);
      connection.close();
    },
  };
}
