// Parts of a Job as upstream's internal types print in findings: Go's field names, nothing left out.
import type { PodFailurePolicy, SuccessPolicy } from "@coracle/shared/api/types/batch-v1";
import type { PodTemplateSpec } from "@coracle/shared/api/types/core-v1";
import { internalPodSpec } from "../core/pod/internal-form.ts";

export const shownSuccessPolicy = (policy: SuccessPolicy | undefined): unknown =>
  policy && {
    Rules:
      policy.rules?.map(({ succeededIndexes, succeededCount }) => ({
        SucceededIndexes: succeededIndexes ?? null,
        SucceededCount: succeededCount ?? null,
      })) ?? null,
  };

export const shownFailurePolicy = (policy: PodFailurePolicy | undefined): unknown =>
  policy && {
    Rules:
      policy.rules?.map(({ action, onExitCodes, onPodConditions }) => ({
        Action: action ?? "",
        OnExitCodes: onExitCodes
          ? {
              ContainerName: onExitCodes.containerName ?? null,
              Operator: onExitCodes.operator ?? "",
              Values: onExitCodes.values ?? null,
            }
          : null,
        OnPodConditions:
          onPodConditions?.map(({ type, status }) => ({
            Type: type ?? "",
            Status: status ?? "",
          })) ?? null,
      })) ?? null,
  };

/** Metadata keeps its own names. */
export const shownTemplate = ({ metadata, spec }: PodTemplateSpec): unknown => ({
  ...metadata,
  Spec: internalPodSpec(spec ?? { containers: [] }),
});
