// What a Pod takes over from the classes that it names (upstream's admission plugins Priority and RuntimeClass).

import type { Pod, PodSpec, Toleration } from "@coracle/shared/api/types/core-v1";
import type { RuntimeClass, Scheduling } from "@coracle/shared/api/types/node-v1";
import { ownValue } from "@coracle/shared/machinery/own-value";
import { forbidden, type StatusError } from "@coracle/shared/machinery/status-error";
import { deepEqual } from "../../deep-equal.ts";
import { semanticEqual } from "./semantic-equal.ts";

/** The part of a scheduling.k8s.io PriorityClass that a Pod takes over. */
export interface PriorityClassValue {
  name?: string;
  value: number;
  preemptionPolicy: NonNullable<PodSpec["preemptionPolicy"]>;
}

export interface PodClasses {
  priorityClass?(name: string): PriorityClassValue | undefined;
  /** Of Pods that name no class. */
  defaultPriorityClass?(): PriorityClassValue | undefined;
  runtimeClass?(name: string): RuntimeClass | undefined;
}

const PODS = { group: "", resource: "pods" };

/** Names have not been generated yet when admission runs. */
export function refusePod(pod: Pod, why: string): StatusError {
  const { name, generateName } = pod.metadata;
  return forbidden(PODS, name || generateName || "Unknown", why);
}

const NO_CLASS: PriorityClassValue = { value: 0, preemptionPolicy: "PreemptLowerPriority" };

export function admitPriority(pod: Pod, classes: PodClasses): void {
  const { spec } = pod;
  const name = spec.priorityClassName;
  const found = name
    ? classes.priorityClass?.(name)
    : (classes.defaultPriorityClass?.() ?? NO_CLASS);
  if (found === undefined) throw refusePod(pod, `no PriorityClass with name ${name} was found`);
  const { value, preemptionPolicy } = found;
  if (!name && found.name !== undefined) spec.priorityClassName = found.name;
  const computed = "from the given PriorityClass name";
  if (spec.priority !== undefined && spec.priority !== value) {
    throw refusePod(
      pod,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} ${computed}`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
    throw refusePod(
      pod,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} ${computed}`,
    );
  }
  spec.priority = value;
  spec.preemptionPolicy = preemptionPolicy;
}

const MISMATCH = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

function runtimeClassOf(pod: Pod, { runtimeClass }: PodClasses): RuntimeClass | undefined {
  const { runtimeClassName: name } = pod.spec;
  if (name === undefined) return undefined;
  const found = runtimeClass?.(name);
  if (found !== undefined) return found;
  throw refusePod(pod, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
}

const sameOverhead = (a: PodSpec["overhead"], b: PodSpec["overhead"]): boolean =>
  semanticEqual(a, b, "overhead");

/** The class says what a sandbox of its kind costs and where such Pods can run. */
export function admitRuntimeClass(pod: Pod, classes: PodClasses): void {
  const found = runtimeClassOf(pod, classes);
  if (found?.overhead !== undefined) {
    const { podFixed } = found.overhead;
    const given = pod.spec.overhead;
    if (Object.keys(given ?? {}).length > 0 && !sameOverhead(podFixed, given)) {
      throw refusePod(pod, MISMATCH);
    }
    if (podFixed === undefined) delete pod.spec.overhead;
    else pod.spec.overhead = { ...podFixed };
  }
  if (found?.scheduling !== undefined) addScheduling(pod, found.scheduling);
}

function addScheduling(pod: Pod, { nodeSelector, tolerations = [] }: Scheduling): void {
  const { spec } = pod;
  for (const key in nodeSelector) {
    const wanted = nodeSelector[key];
    const own = ownValue(spec.nodeSelector, key);
    if (own === undefined || own === wanted) continue;
    const where = `runtimeClass.scheduling.nodeSelector[${key}] = ${wanted}`;
    throw refusePod(pod, `conflict: ${where}; pod.spec.nodeSelector[${key}] = ${own}`);
  }
  if (nodeSelector !== undefined || spec.nodeSelector !== undefined) {
    spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  }
  const merged = mergeTolerations([...(spec.tolerations ?? []), ...tolerations]);
  if (merged.length > 0) spec.tolerations = merged;
}

/** Each once, and none that another one covers. */
function mergeTolerations(all: readonly Toleration[]): Toleration[] {
  const merged: Toleration[] = [];
  all.forEach((one, i) => {
    if (merged.some((other) => covers(other, one))) return;
    const later = all.slice(i + 1);
    if (later.some((other) => !deepEqual(one, other) && covers(other, one))) return;
    merged.push(structuredClone(one));
  });
  return merged;
}

function covers(wide: Toleration, narrow: Toleration): boolean {
  if (deepEqual(wide, narrow)) return true;
  const anyKey = !wide.key && wide.operator === "Exists";
  if ((narrow.key ?? "") !== (wide.key ?? "") && !anyKey) return false;
  if (wide.effect && narrow.effect !== wide.effect) return false;
  if (wide.effect === "NoExecute" && wide.tolerationSeconds !== undefined) {
    const { tolerationSeconds } = narrow;
    if (tolerationSeconds === undefined || tolerationSeconds > wide.tolerationSeconds) return false;
  }
  if (wide.operator === "Exists") return true;
  if (wide.operator && wide.operator !== "Equal") return false;
  return narrow.operator === "Equal" && (narrow.value ?? "") === (wide.value ?? "");
}

/** The validating half, on create after the strategy's validation. Throws Forbidden. */
export function validateOverhead(pod: Pod, classes: PodClasses): void {
  const { overhead } = pod.spec;
  const found = runtimeClassOf(pod, classes)?.overhead;
  if (found !== undefined) {
    if (!sameOverhead(found.podFixed, overhead)) throw refusePod(pod, MISMATCH);
  } else if (overhead !== undefined) {
    const why = "Pod Overhead set without corresponding RuntimeClass defined Overhead";
    throw refusePod(pod, `pod rejected: ${why}`);
  }
}
