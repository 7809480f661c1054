// postStart and preStop: exec, httpGet, tcpSocket or sleep in a container (upstream's lifecycle handlers).
import type { Container, LifecycleHandler, Pod } from "@coracle/shared/api/types/core-v1";
import { httpGet, portOf, tcpConnect } from "../probes/pod-connection.ts";
import type { NodeServices } from "./node-services.ts";

const REQUEST_TIMEOUT_MS = 30_000;

/** Throws with upstream's words when it fails. `signal` cuts a sleep short. */
export async function runHook(
  node: NodeServices,
  pod: Pod,
  container: Container,
  where: { containerId: string; sandboxId: string; podIp: string },
  handler: LifecycleHandler,
  signal?: AbortSignal,
): Promise<void> {
  const { runtime, clock } = node;
  if (handler.exec !== undefined) {
    const command = handler.exec.command ?? [];
    const { exitCode, stdout, stderr } = await runtime.execSync(where.containerId, command, 0);
    if (exitCode === 0) return;
    const output = Buffer.concat([stdout, stderr]).toString();
    throw new Error(
      `Exec lifecycle hook ([${command.join(" ")}]) for Container "${container.name}" in Pod "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})" failed - error: command '${command.join(" ")}' exited with ${exitCode}: ${output}, message: ${JSON.stringify(output)}`,
    );
  }
  if (handler.sleep !== undefined) return clock.sleep(handler.sleep.seconds * 1000, signal);
  const action = handler.httpGet ?? handler.tcpSocket;
  if (action === undefined) return;
  const port = portOf(action.port, container);
  if (port === undefined)
    throw new Error(`couldn't find port: ${action.port} in ${pod.metadata.name}`);
  const target = { sandboxId: where.sandboxId, host: action.host || where.podIp, port };
  if (handler.httpGet === undefined) {
    return tcpConnect(runtime, target, REQUEST_TIMEOUT_MS, clock);
  }
  const { path = "/", httpHeaders = [] } = handler.httpGet;
  await httpGet(runtime, { ...target, path, headers: httpHeaders }, REQUEST_TIMEOUT_MS, clock);
}
