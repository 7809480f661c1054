// What a Job's podFailurePolicy says about a failed Pod (upstream: pod_failure_policy.go).
import type {
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
} from "@coracle/shared/api/types/batch-v1";
import type { ContainerStatus, Pod } from "@coracle/shared/api/types/core-v1";

export interface PolicyMatch {
  action: "Count" | "FailIndex" | "FailJob" | "Ignore";
  /** What the Job says when it fails for it. */
  message: string;
}

/** The first rule that matches; undefined when none does. */
export function actionFor(policy: PodFailurePolicy | undefined, pod: Pod): PolicyMatch | undefined {
  for (const [i, rule] of (policy?.rules ?? []).entries()) {
    const { namespace, name } = pod.metadata;
    const { action, onExitCodes, onPodConditions } = rule;
    const matching = `matching ${action} rule at index ${i}`;
    if (onExitCodes !== undefined) {
      const status = containerMatching(pod, onExitCodes);
      if (status === undefined) continue;
      const what = `Container ${status.name} for pod ${namespace}/${name}`;
      const message = `${what} failed with exit code ${status.state?.terminated?.exitCode} ${matching}`;
      return { action, message };
    }
    const type = conditionMatching(pod, onPodConditions ?? []);
    if (type !== undefined) {
      return { action, message: `Pod ${namespace}/${name} has condition ${type} ${matching}` };
    }
  }
  return undefined;
}

function containerMatching(
  { status }: Pod,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): ContainerStatus | undefined {
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return statuses.find(({ name, state }) => {
    const code = state?.terminated?.exitCode;
    if (code === undefined || code === 0) return false;
    if (containerName !== undefined && containerName !== name) return false;
    return values.includes(code) === (operator === "In");
  });
}

const conditionMatching = (
  { status }: Pod,
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
): string | undefined =>
  status?.conditions?.find((condition) =>
    patterns.some(({ type, status = "True" }) => {
      return condition.type === type && condition.status === status;
    }),
  )?.type;
