// Upgraded requests: exec, attach and port-forward, each over SPDY or WebSocket.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import { createWebSocketStream } from "ws";
import {
  type ContainerReference,
  type KubeletBackend,
  KubeletError,
  type LocatedContainer,
  type PodReference,
} from "./backend.ts";
import type { ForwardTarget } from "./port-forward.ts";
import { PORT_FORWARD_PROTOCOL, servePortForward, TUNNEL_PROTOCOL } from "./port-forward-spdy.ts";
import {
  portsOf,
  serveWebSocketPorts,
  WEBSOCKET_PORT_PROTOCOLS,
} from "./port-forward-websocket.ts";
import {
  type RemoteCommand,
  type RemoteCommandChannels,
  runRemoteCommand,
} from "./remote-command.ts";
import { openSpdyChannels, SPDY_COMMAND_PROTOCOLS } from "./remote-command-spdy.ts";
import { openWebSocketChannels, WEBSOCKET_COMMAND_PROTOCOLS } from "./remote-command-websocket.ts";
import type { RoutedRequest } from "./request-route.ts";
import { type StreamOptions, streamOptionsOf } from "./stream-options.ts";
import { acceptSpdy, listOf } from "./upgrade-reply.ts";
import { acceptWebSocket } from "./websocket-upgrade.ts";

export interface StreamingDependencies {
  backend: KubeletBackend;
  clock: Clock;
  logger: Logger;
}

/** A connection that asks to be upgraded. */
export interface UpgradeRequest {
  request: IncomingMessage;
  socket: Duplex;
  /** Bytes that came with the request. */
  head: Buffer;
}

/** Serves until the connection is over. Throws KubeletError before it has been upgraded, for what is refused. */
export async function serveUpgrade(
  upgrade: UpgradeRequest,
  { route, query }: RoutedRequest,
  dependencies: StreamingDependencies,
): Promise<void> {
  if (route.kind === "exec" || route.kind === "attach") {
    await serveCommand(upgrade, { kind: route.kind, ...route.reference }, query, dependencies);
  } else if (route.kind === "portForward") {
    await serveForward(upgrade, route.reference, query, dependencies);
  } else {
    throw new KubeletError(400, "this path does not take an upgraded connection");
  }
}

const upgradesTo = (request: IncomingMessage, protocol: string): boolean =>
  listOf(request.headers.upgrade).some((name) => name.toLowerCase() === protocol);

const unknownUpgrade = () =>
  new KubeletError(400, "unable to upgrade: missing upgrade headers in request");

async function serveCommand(
  upgrade: UpgradeRequest,
  reference: ContainerReference & { kind: "exec" | "attach" },
  query: URLSearchParams,
  { backend, clock, logger }: StreamingDependencies,
): Promise<void> {
  const { kind, namespace, pod, container } = reference;
  const asked = streamOptionsOf(query);
  const located = await backend.findContainer(reference);
  if (located === undefined) {
    throw new KubeletError(
      500,
      kind === "exec"
        ? `container not found (${JSON.stringify(container)})`
        : `container ${container} not found in pod ${pod}_${namespace}`,
    );
  }
  // Whether a process has a terminal was settled when it was started.
  const tty = kind === "exec" ? asked.tty : located.tty;
  const options: StreamOptions = { ...asked, tty, stderr: asked.stderr && !tty };
  const channels = await openChannels(upgrade, options, clock);
  if (channels === undefined) return;
  logger.info({ object: `pod ${namespace}/${pod}`, container }, `${kind} started`);
  const command = kind === "exec" ? execCommand(located, query, tty) : attachCommand(located);
  await runRemoteCommand(channels, command);
}

function execCommand(
  { runtime, containerId }: LocatedContainer,
  query: URLSearchParams,
  tty: boolean,
): RemoteCommand {
  const argv = query.getAll("command");
  return {
    run: (streams) => runtime.exec({ containerId, cmd: argv, tty }, streams),
    doing: "executing command in",
    argv,
  };
}

function attachCommand({ runtime, containerId }: LocatedContainer): RemoteCommand {
  return {
    run: async (streams) => {
      await runtime.attach(containerId, streams);
      return 0;
    },
    doing: "attaching to",
    argv: [],
  };
}

async function openChannels(
  { request, socket, head }: UpgradeRequest,
  options: StreamOptions,
  clock: Clock,
): Promise<RemoteCommandChannels | undefined> {
  if (upgradesTo(request, "websocket")) {
    const accepted = await acceptWebSocket(request, socket, head, WEBSOCKET_COMMAND_PROTOCOLS);
    return accepted && openWebSocketChannels(accepted.webSocket, accepted.protocol, options);
  }
  if (!upgradesTo(request, "spdy/3.1")) throw unknownUpgrade();
  const protocol = acceptSpdy(request, socket, SPDY_COMMAND_PROTOCOLS);
  if (protocol === undefined) return undefined;
  if (head.length > 0) socket.unshift(head);
  return openSpdyChannels({ transport: socket, protocol, options, clock });
}

async function serveForward(
  { request, socket, head }: UpgradeRequest,
  reference: PodReference,
  query: URLSearchParams,
  { backend, clock, logger }: StreamingDependencies,
): Promise<void> {
  const isWebSocket = upgradesTo(request, "websocket");
  const isTunnel =
    isWebSocket && listOf(request.headers["sec-websocket-protocol"]).includes(TUNNEL_PROTOCOL);
  if (!isWebSocket && !upgradesTo(request, "spdy/3.1")) throw unknownUpgrade();
  const ports = isWebSocket && !isTunnel ? portsOf(query) : [];
  const { namespace, pod } = reference;
  const located = await backend.findSandbox(reference);
  if (located === undefined) {
    throw new KubeletError(500, `pod not found (${JSON.stringify(`${pod}_${namespace}`)})`);
  }
  const { runtime, podSandboxId, podUid } = located;
  const target: ForwardTarget = {
    pod,
    podUid,
    connect: (port, connection) => runtime.portForward(podSandboxId, port, connection),
  };
  const started = () => logger.info({ object: `pod ${namespace}/${pod}` }, "port-forward started");
  if (!isWebSocket) {
    if (acceptSpdy(request, socket, [PORT_FORWARD_PROTOCOL]) === undefined) return;
    if (head.length > 0) socket.unshift(head);
    started();
    return servePortForward(socket, target, clock);
  }
  const served = isTunnel ? [TUNNEL_PROTOCOL] : WEBSOCKET_PORT_PROTOCOLS;
  const accepted = await acceptWebSocket(request, socket, head, served);
  if (accepted === undefined) return;
  started();
  if (isTunnel) return servePortForward(createWebSocketStream(accepted.webSocket), target, clock);
  return serveWebSocketPorts({ ...accepted, ports, target });
}
