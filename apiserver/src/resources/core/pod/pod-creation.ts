// What a Pod becomes on create before it is judged (upstream: podStrategy.PrepareForCreate).
import type {
  AppArmorProfile,
  Pod,
  PodAffinityTerm,
  PodSpec,
} from "@coracle/shared/api/types/core-v1";
import type { LabelSelector } from "@coracle/shared/api/types/meta-v1";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { APP_ARMOR_PREFIX } from "./annotations-validation.ts";
import { setScheduled } from "./binding.ts";
import { dropDisabledSpecFields } from "./disabled-fields.ts";
import { qosClassOf } from "./qos.ts";
import { validateAppArmor } from "./security-validation.ts";
import { visitContainers } from "./visit-containers.ts";

/** Warnings that arise here and are asked for later, by the same object. */
const warningsOfPreparation = new WeakMap<Pod, string[]>();

export const preparationWarnings = (pod: Pod): string[] => warningsOfPreparation.get(pod) ?? [];

export function preparePodForCreate(pod: Pod, now: number): void {
  pod.metadata.generation = 1;
  // A class that the client gives is taken over, as upstream does.
  pod.status = { phase: "Pending", qosClass: pod.status?.qosClass || qosClassOf(pod.spec) };
  dropDisabledSpecFields(pod.spec);
  if (pod.spec.schedulingGates?.length) {
    setScheduled(
      pod,
      {
        type: "PodScheduled",
        status: "False",
        reason: "SchedulingGated",
        message: "Scheduling is blocked due to non-empty scheduling gates",
      },
      now,
    );
  }
  const labels = pod.metadata.labels ?? {};
  if (pod.spec.affinity) addLabelKeysToAffinity(pod.spec, labels);
  for (const constraint of pod.spec.topologySpreadConstraints ?? []) {
    addLabelKeys(constraint.labelSelector, constraint.matchLabelKeys, "In", labels);
  }
  if (pod.metadata.annotations) takeOverAppArmor(pod, pod.metadata.annotations);
}

/** A Pod that matches by its own labels has them written into the selector. */
function addLabelKeys(
  selector: LabelSelector | undefined,
  keys: readonly string[] | undefined,
  operator: "In" | "NotIn",
  labels: Readonly<Record<string, string>>,
): void {
  if (!selector) return;
  for (const key of keys ?? []) {
    const value = labels[key];
    if (value === undefined) continue;
    selector.matchExpressions ??= [];
    selector.matchExpressions.push({ key, operator, values: [value] });
  }
}

function addLabelKeysToAffinity(
  { affinity }: PodSpec,
  labels: Readonly<Record<string, string>>,
): void {
  const add = (term: PodAffinityTerm) => {
    addLabelKeys(term.labelSelector, term.matchLabelKeys, "In", labels);
    addLabelKeys(term.labelSelector, term.mismatchLabelKeys, "NotIn", labels);
  };
  for (const part of [affinity?.podAffinity, affinity?.podAntiAffinity]) {
    for (const weighted of part?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
      add(weighted.podAffinityTerm);
    }
    for (const term of part?.requiredDuringSchedulingIgnoredDuringExecution ?? []) add(term);
  }
}

/** The profile that an AppArmor annotation means; undefined when it means none. */
export function appArmorOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === "unconfined") return { type: "Unconfined" };
  if (annotation === "runtime/default") return { type: "RuntimeDefault" };
  const prefix = "localhost/";
  if (!annotation.startsWith(prefix) || annotation === prefix) return undefined;
  return { type: "Localhost", localhostProfile: annotation.slice(prefix.length) };
}

export const sameProfile = (
  a: AppArmorProfile | undefined,
  b: AppArmorProfile | undefined,
): boolean => a?.type === b?.type && a?.localhostProfile === b?.localhostProfile;

/** The old annotation becomes the field, where a container has none. */
function takeOverAppArmor(pod: Pod, annotations: Readonly<Record<string, string>>): void {
  if (pod.spec.os?.name === "windows") return;
  const warnings: string[] = [];
  visitContainers(pod.spec, "", (container) => {
    const key = APP_ARMOR_PREFIX + container.name;
    const annotation = annotations[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile) return;
    const profile = appArmorOf(annotation);
    const findings: FieldError[] = [];
    validateAppArmor(profile, "", findings);
    const valid = profile !== undefined && findings.length === 0;
    if (valid) {
      if (sameProfile(profile, pod.spec.securityContext?.appArmorProfile)) return;
      container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    }
    warnings.push(
      `metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
    );
  });
  if (warnings.length > 0) warningsOfPreparation.set(pod, warnings);
}
