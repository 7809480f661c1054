// The index that finds the children of a controller, and the objects that nobody controls.
import type { KubernetesObject } from "../api/resources.ts";
import { controllerOf } from "../machinery/owner-references.ts";

/** Name of the index. */
export const BY_CONTROLLER = "controller";

/**
 * Indexer for {@link BY_CONTROLLER}: the controller's uid, or `orphanKey` for objects without one.
 */
export const byController = (object: KubernetesObject): string[] => [
  controllerOf(object)?.uid ?? orphanKey(object.metadata.namespace),
];

/** The index value of all objects of a namespace that nobody controls. */
export const orphanKey = (namespace: string | undefined): string => `orphan/${namespace ?? ""}`;

export const isDeleting = (object: KubernetesObject): boolean =>
  object.metadata.deletionTimestamp !== undefined;

/** `group` of an apiVersion: "apps" of "apps/v1", "" of "v1". */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}
