// One probe of one container, with upstream's outputs.
import type { Container, Pod, Probe } from "@coracle/shared/api/types/core-v1";
import type { Clock } from "@coracle/shared/runtime/clock";
import { type Runtime, RuntimeError } from "../cri/runtime.ts";
import { httpGet, portOf, tcpConnect } from "./pod-connection.ts";

export type ProbeKind = "startup" | "liveness" | "readiness";

export interface ProbeTarget {
  pod: Pod;
  container: Container;
  containerId: string;
  sandboxId: string;
  podIp: string;
}

export interface ProbeOutcome {
  /** `error`: the probe itself could not be made; it counts for nothing. */
  type: "success" | "warning" | "failure" | "error";
  output: string;
}

export async function runProbe(
  probe: Probe,
  target: ProbeTarget,
  runtime: Runtime,
  clock: Clock,
): Promise<ProbeOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.exec !== undefined) return execProbe(probe, target, runtime);
  const action = probe.httpGet ?? probe.tcpSocket ?? probe.grpc;
  if (action === undefined) {
    return { type: "error", output: `missing probe handler for ${target.container.name}` };
  }
  const port = portOf(action.port, target.container);
  if (port === undefined) return { type: "error", output: `couldn't find port: ${action.port}` };
  const host = (probe.httpGet?.host ?? probe.tcpSocket?.host) || target.podIp;
  const to = { sandboxId: target.sandboxId, host, port };
  try {
    if (probe.httpGet === undefined) {
      await tcpConnect(runtime, to, timeoutMs, clock);
      return { type: "success", output: "" };
    }
    const { path = "/", httpHeaders = [] } = probe.httpGet;
    const reply = await httpGet(runtime, { ...to, path, headers: httpHeaders }, timeoutMs, clock);
    if (reply.status >= 200 && reply.status < 400) return { type: "success", output: reply.body };
    const output = `HTTP probe failed with statuscode: ${reply.status}`;
    return { type: "failure", output };
  } catch (error) {
    return { type: "failure", output: (error as Error).message };
  }
}

async function execProbe(
  probe: Probe,
  { containerId }: ProbeTarget,
  runtime: Runtime,
): Promise<ProbeOutcome> {
  const seconds = probe.timeoutSeconds ?? 1;
  try {
    const command = probe.exec?.command ?? [];
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, seconds);
    const output = Buffer.concat([stdout, stderr]).toString();
    return { type: exitCode === 0 ? "success" : "failure", output };
  } catch (error) {
    const isTimeout = error instanceof RuntimeError && error.code === "DeadlineExceeded";
    return { type: isTimeout ? "failure" : "error", output: (error as Error).message };
  }
}
