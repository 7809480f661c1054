// The binding subresource: how a Pod gets its node (upstream: registry/core/pod/storage BindingREST).
import type { Binding, Pod, PodCondition } from "@coracle/shared/api/types/core-v1";
import { notSupported, required } from "@coracle/shared/machinery/field-error";
import {
  badRequest,
  conflict,
  type FieldError,
  type StatusError,
  statusError,
} from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";

/** Before the Pod is looked up; `name` is the one in the URL. Upstream answers 500 without a reason, as here. */
export function validateBinding(binding: Binding, name: string): StatusError | undefined {
  if (binding.metadata?.name !== name) {
    return badRequest("name in URL does not match name in Binding object");
  }
  const errors: FieldError[] = [];
  const { kind, name: node } = binding.target ?? {};
  if (kind && kind !== "Node") errors.push(notSupported("target.kind", kind, ["Node", "<empty>"]));
  if (!node) errors.push(required("target.name"));
  if (errors.length === 0) return undefined;
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  const message = texts.length === 1 ? (texts[0] as string) : `[${texts.join(", ")}]`;
  return statusError("", message);
}

/**
 * Assigns the Pod to the binding's node. Mutates `pod`; the generation stays, as upstream leaves it. Throws Conflict when
 * the Pod has a node, is being deleted or is gated. `now` in ms.
 */
export function applyBinding(pod: Pod, binding: Binding, now: number): void {
  const { name } = pod.metadata;
  checkPreconditions(pod, binding);
  const refuse = (why: string) =>
    conflict({ group: "", resource: "pods/binding" }, name, `pod ${name} ${why}`);
  if (pod.metadata.deletionTimestamp) {
    throw refuse("is being deleted, cannot be assigned to a host");
  }
  if (pod.spec.nodeName) {
    throw refuse(`is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  }
  if (pod.spec.schedulingGates?.length) throw refuse("has non-empty .spec.schedulingGates");
  pod.spec.nodeName = binding.target.name as string;
  delete pod.status.nominatedNodeName;
  const { annotations, labels } = binding.metadata ?? {};
  if (annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
  if (labels) pod.metadata.labels = { ...pod.metadata.labels, ...labels };
  setScheduled(pod, { type: "PodScheduled", status: "True" }, now);
}

function checkPreconditions(pod: Pod, binding: Binding): void {
  const { uid, resourceVersion } = binding.metadata ?? {};
  const { metadata } = pod;
  const fail = (what: string, wanted: string, found: string | undefined) =>
    conflict(
      { group: "", resource: "pods" },
      metadata.name,
      `StorageError: invalid object, Code: 4, Key: /registry/pods/${metadata.namespace}/${metadata.name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`,
    );
  if (uid && uid !== metadata.uid) throw fail("UID", uid, metadata.uid);
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw fail("ResourceVersion", resourceVersion, metadata.resourceVersion);
  }
}

/** The condition's time moves only with its status. */
export function setScheduled(pod: Pod, condition: PodCondition, now: number): void {
  const conditions = pod.status.conditions ?? [];
  const i = conditions.findIndex(({ type }) => type === condition.type);
  const old = conditions[i];
  const complete: PodCondition = {
    type: condition.type,
    status: condition.status,
    // A struct in upstream's type: printed as null when it is not set.
    lastProbeTime: null as unknown as string,
    lastTransitionTime:
      old?.status === condition.status && old.lastTransitionTime
        ? old.lastTransitionTime
        : formatTime(now),
    ...(condition.reason === undefined ? {} : { reason: condition.reason }),
    ...(condition.message === undefined ? {} : { message: condition.message }),
  };
  pod.status.conditions = old
    ? conditions.map((existing, at) => (at === i ? complete : existing))
    : [...conditions, complete];
}
