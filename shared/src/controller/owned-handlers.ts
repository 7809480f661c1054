// Wakes an owner when one of its children changes, and settles the owner's expectations.
import { type KubernetesObject, keyOf, type ResourceName, resources } from "../api/resources.ts";
import type { LabelSelector, OwnerReference } from "../api/types/meta-v1.ts";
import type { InformerHandlers } from "../cache/informer.ts";
import { controllerOf } from "../machinery/owner-references.ts";
import { compiledMapSelector, compiledSelector } from "./compiled-selector.ts";
import type { ControllerContext } from "./controller.ts";
import { groupOf, isDeleting } from "./owner-index.ts";

type Owner = KubernetesObject & { spec?: { selector?: LabelSelector | Record<string, string> } };

/** `owners` is the resource that the controller reconciles. */
export function ownedHandlers(
  owners: ResourceName,
  context: ControllerContext,
): InformerHandlers<KubernetesObject> {
  const { group, kind } = resources[owners];
  const lister = context.lister(owners);
  const { expectations } = context;

  /** The owner that the reference means, if it still exists. */
  const ownerKey = (object: KubernetesObject, reference: OwnerReference | undefined) => {
    if (reference?.kind !== kind || groupOf(reference.apiVersion) !== group) return undefined;
    const { namespace } = object.metadata;
    const key = namespace ? `${namespace}/${reference.name}` : reference.name;
    return lister.get(key)?.metadata.uid === reference.uid ? key : undefined;
  };

  const selectorOf = ({ spec }: Owner) =>
    owners === "replicationcontrollers"
      ? compiledMapSelector(spec?.selector as Record<string, string> | undefined)
      : compiledSelector(spec?.selector as LabelSelector | undefined);

  /** Those that might adopt it. */
  const enqueueMatching = (object: KubernetesObject) => {
    for (const owner of lister.list(object.metadata.namespace) as Owner[]) {
      if (selectorOf(owner).matches(object.metadata.labels)) {
        context.enqueue(keyOf(owner));
      }
    }
  };

  const deleted = (object: KubernetesObject) => {
    const key = ownerKey(object, controllerOf(object));
    if (key === undefined) return;
    expectations.deletionObserved(key, object.metadata.uid);
    context.enqueue(key);
  };

  return {
    onAdd(object) {
      // After a restart, an object may turn up when it is already being deleted.
      if (isDeleting(object)) return deleted(object);
      const reference = controllerOf(object);
      if (reference === undefined) return enqueueMatching(object);
      const key = ownerKey(object, reference);
      if (key === undefined) return;
      expectations.creationObserved(key);
      context.enqueue(key);
    },
    onUpdate(old, object) {
      const reference = controllerOf(object);
      const before = controllerOf(old);
      const moved = before?.uid !== reference?.uid;
      if (moved) {
        const key = ownerKey(old, before);
        if (key !== undefined) context.enqueue(key);
      }
      if (isDeleting(object)) return deleted(object);
      if (reference !== undefined) {
        const key = ownerKey(object, reference);
        if (key !== undefined) context.enqueue(key);
      } else if (moved || !sameLabels(old, object)) {
        enqueueMatching(object);
      }
    },
    onDelete: deleted,
  };
}

function sameLabels(a: KubernetesObject, b: KubernetesObject): boolean {
  const left = a.metadata.labels ?? {};
  const right = b.metadata.labels ?? {};
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every((name) => left[name] === right[name]);
}
