// Whether a container that ended is started again: its own rules, its own policy, then the Pod's.
import type { Container, Pod, PodSpec } from "@coracle/shared/api/types/core-v1";
import { currentOf, type ObservedPod } from "./observed-pod.ts";

export const isSidecar = (container: Container): boolean => container.restartPolicy === "Always";

/** Upstream's ContainerShouldRestart. */
export function restartsAfter(container: Container, spec: PodSpec, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    const values = rule.exitCodes?.values ?? [];
    const isMatch =
      rule.exitCodes?.operator === "NotIn" ? !values.includes(exitCode) : values.includes(exitCode);
    if (rule.exitCodes !== undefined && isMatch) return true;
  }
  const policy = container.restartPolicy ?? spec.restartPolicy ?? "Always";
  if (policy === "Always") return true;
  return policy === "OnFailure" && exitCode !== 0;
}

/** Without an exit code to judge by (a failed probe, a lost container): all but Never. */
export const restartsOnFailure = (container: Container, spec: PodSpec): boolean =>
  (container.restartPolicy ?? spec.restartPolicy) !== "Never";

/** Upstream's ShouldContainerBeRestarted: never started, or ended in a way that its policy restarts. */
export function shouldBeStarted(container: Container, pod: Pod, observed: ObservedPod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const current = currentOf(observed, container.name);
  if (current === undefined) return true;
  if (current.state === "CONTAINER_RUNNING") return false;
  if (current.state !== "CONTAINER_EXITED") return true;
  return restartsAfter(container, pod.spec, current.exitCode);
}
