// Exec and attach over WebSocket: channels 0 stdin, 1 stdout, 2 stderr, 3 error, 4 resize
// (upstream: kubelet/cri/streaming/remotecommand/websocket.go; v5: apiserver/pkg/util/proxy/streamtranslator.go).
import type { WebSocket } from "ws";
import { ChannelSocket } from "./channel-socket.ts";
import { encodeStatus, type RemoteCommandChannels } from "./remote-command.ts";
import type { StreamOptions } from "./stream-options.ts";

interface Variant {
  isJson: boolean;
  isBase64?: boolean;
  hasCloseSignal?: boolean;
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  "v5.channel.k8s.io": { isJson: true, hasCloseSignal: true },
  "v4.channel.k8s.io": { isJson: true },
  "v4.base64.channel.k8s.io": { isJson: true, isBase64: true },
  "channel.k8s.io": { isJson: false },
  "base64.channel.k8s.io": { isJson: false, isBase64: true },
  "": { isJson: false },
};

export const WEBSOCKET_COMMAND_PROTOCOLS = Object.keys(VARIANTS);

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;

export function openWebSocketChannels(
  webSocket: WebSocket,
  protocol: string,
  options: StreamOptions,
): RemoteCommandChannels {
  const variant = VARIANTS[protocol] ?? { isJson: true };
  const inputs: number[] = [];
  if (options.stdin) inputs.push(STDIN);
  if (options.tty) inputs.push(RESIZE);
  const socket = new ChannelSocket({ webSocket, inputs, ...variant });
  const output = (channel: number) => (chunk: Uint8Array) => socket.write(channel, chunk);
  // A client that waits for a first message learns from an empty one that it is connected.
  void socket.write(options.stdout ? STDOUT : options.stderr ? STDERR : ERROR, Buffer.alloc(0));
  return {
    stdin: socket.input(STDIN),
    stdout: options.stdout ? output(STDOUT) : undefined,
    stderr: options.stderr ? output(STDERR) : undefined,
    resize: socket.input(RESIZE),
    signal: socket.signal,
    finish: (status) => {
      const bytes = encodeStatus(status, variant.isJson);
      if (bytes.length > 0) void socket.write(ERROR, bytes);
      socket.close();
    },
  };
}
