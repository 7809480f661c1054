// How many Pods the owners of Pods want to have (upstream: disruption.go getExpectedScale).
import { type KubernetesObject, type ResourceName, resources } from "@coracle/shared/api/resources";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import type { OwnerReference } from "@coracle/shared/api/types/meta-v1";
import type { ControllerContext } from "@coracle/shared/controller/controller";
import { groupOf } from "@coracle/shared/controller/owner-index";
import { controllerOf } from "@coracle/shared/machinery/owner-references";

/** What can be asked for its size. */
const SCALED = [
  "replicationcontrollers",
  "replicasets.apps",
  "statefulsets.apps",
  "deployments.apps",
] as const;

type Sized = KubernetesObject & { spec: { replicas?: number } };

export interface ExpectedScale {
  count: number;
  /** Pods that nobody controls. */
  unmanaged: Pod[];
}

/** Throws for a Pod whose controller cannot tell. */
export function expectedScale(pods: readonly Pod[], context: ControllerContext): ExpectedScale {
  const sizes = new Map<string, number>();
  const unmanaged: Pod[] = [];
  const seen = new Set<string>();
  for (const pod of pods) {
    const reference = controllerOf(pod);
    if (reference === undefined) {
      unmanaged.push(pod);
      continue;
    }
    if (seen.has(reference.uid)) continue;
    const owner = ownerOf(reference, pod.metadata.namespace, context);
    if (owner === undefined) {
      throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`);
    }
    seen.add(reference.uid);
    sizes.set(owner.metadata.uid, owner.spec.replicas ?? 1);
  }
  return { count: [...sizes.values()].reduce((sum, size) => sum + size, 0), unmanaged };
}

function ownerOf(
  reference: OwnerReference,
  namespace: string | undefined,
  { lister }: ControllerContext,
): Sized | undefined {
  const name = resourceOf(reference);
  const resource = SCALED.find((each) => each === name);
  if (resource === undefined) throw new Error(`${name} does not implement the scale subresource`);
  const owner = lister(resource).get(`${namespace}/${reference.name}`) as Sized | undefined;
  if (owner?.metadata.uid !== reference.uid) return undefined;
  if (resource !== "replicasets.apps") return owner;
  const above = controllerOf(owner);
  if (above?.kind !== "Deployment") return owner;
  const deployment = lister("deployments.apps").get(`${namespace}/${above.name}`);
  return deployment?.metadata.uid === above.uid ? deployment : undefined;
}

function resourceOf({ apiVersion, kind }: OwnerReference): ResourceName {
  const group = groupOf(apiVersion);
  const found = (Object.keys(resources) as ResourceName[]).find(
    (name) => resources[name].kind === kind && resources[name].group === group,
  );
  if (found !== undefined) return found;
  throw new Error(
    `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`,
  );
}
