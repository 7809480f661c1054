// Stops containers: the Killing event, preStop, the stop signal, and after the grace period the kill (upstream's killContainer).
// Sidecars are stopped last, in the reverse of the order in which they were started.
import type { Container, Pod } from "@coracle/shared/api/types/core-v1";
import { runHook } from "./lifecycle-hooks.ts";
import type { NodeServices } from "./node-services.ts";
import type { ObservedContainer, ObservedPod } from "./observed-pod.ts";
import { isSidecar } from "./restart-policy.ts";
import type { ContainerToKill, KillReason } from "./sync-plan.ts";

/** No container is given less. */
export const GRACE_SECONDS_MIN = 2;

export function graceSecondsOf(pod: Pod, container?: Container, reason?: KillReason): number {
  if (pod.metadata.deletionGracePeriodSeconds !== undefined) {
    return pod.metadata.deletionGracePeriodSeconds;
  }
  const probe =
    reason === "liveness"
      ? container?.livenessProbe
      : reason === "startup"
        ? container?.startupProbe
        : undefined;
  return (
    probe?.terminationGracePeriodSeconds ??
    pod.spec.terminationGracePeriodSeconds ??
    GRACE_SECONDS_MIN
  );
}

export async function killContainer(
  node: NodeServices,
  pod: Pod,
  kill: ContainerToKill,
  observed: ObservedPod,
): Promise<void> {
  const { container, id, reason } = kill;
  node.events.normal(pod, "Killing", kill.message, container);
  let graceSeconds = graceSecondsOf(pod, container, reason);
  const handler = container.lifecycle?.preStop;
  if (handler !== undefined && graceSeconds > 0) {
    graceSeconds -= await preStop(node, pod, kill, observed, graceSeconds);
  }
  await node.runtime.stopContainer(id, Math.max(graceSeconds, GRACE_SECONDS_MIN));
}

/** How many seconds of the grace period it took. */
async function preStop(
  node: NodeServices,
  pod: Pod,
  { container, id }: ContainerToKill,
  observed: ObservedPod,
  graceSeconds: number,
): Promise<number> {
  const { clock } = node;
  const startedMs = clock.monotonic();
  const controller = new AbortController();
  const [sandbox] = observed.sandboxes;
  const where = { containerId: id, sandboxId: sandbox?.id ?? "", podIp: sandbox?.ip ?? "" };
  const handler = container.lifecycle?.preStop ?? {};
  const hook = runHook(node, pod, container, where, handler, controller.signal).catch(() =>
    // Not the message: it could hold a secret.
    node.events.warning(pod, "FailedPreStopHook", "PreStopHook failed", container),
  );
  await Promise.race([hook, clock.sleep(graceSeconds * 1000, controller.signal)]);
  controller.abort();
  return Math.floor((clock.monotonic() - startedMs) / 1000);
}

/** Resolves when nothing of the Pod runs any more. */
export async function killAllContainers(
  node: NodeServices,
  pod: Pod,
  observed: ObservedPod,
): Promise<void> {
  const running = observed.containers.filter(({ state }) => state === "CONTAINER_RUNNING");
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  const kill = (container: ObservedContainer) => {
    const spec = specOf(pod, container.name);
    const message = `Stopping container ${container.name}`;
    return killContainer(
      node,
      pod,
      { id: container.id, container: spec, message, reason: "other" },
      observed,
    );
  };
  await Promise.all(running.filter(({ name }) => !sidecars.includes(name)).map(kill));
  for (const name of sidecars.reverse()) {
    const sidecar = running.find((each) => each.name === name);
    if (sidecar !== undefined) await kill(sidecar);
  }
}

function specOf(pod: Pod, name: string): Container {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  const all = [...initContainers, ...containers, ...ephemeralContainers] as Container[];
  return all.find((container) => container.name === name) ?? { name };
}
