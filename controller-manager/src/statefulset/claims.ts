// The PersistentVolumeClaims of a StatefulSet's Pods: one for each template, and who owns them by the retention policy (upstream:
// stateful_pod_control.go).
import type { StatefulSet } from "@coracle/shared/api/types/apps-v1";
import type { PersistentVolumeClaim, Pod } from "@coracle/shared/api/types/core-v1";
import type { OwnerReference } from "@coracle/shared/api/types/meta-v1";
import type { ControllerContext } from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { controllerReference } from "@coracle/shared/machinery/owner-references";
import { isAlreadyExists } from "@coracle/shared/machinery/status-error";
import { claimName, isInRange } from "./members.ts";

const names = (set: StatefulSet, ordinal: number): string[] =>
  (set.spec.volumeClaimTemplates ?? []).map(({ metadata }) =>
    claimName(metadata.name, set, ordinal),
  );

function claimsOf(
  set: StatefulSet,
  ordinal: number,
  { lister }: ControllerContext,
): PersistentVolumeClaim[] {
  const { namespace } = set.metadata;
  return names(set, ordinal)
    .map((name) => lister("persistentvolumeclaims").get(`${namespace}/${name}`))
    .filter((claim) => claim !== undefined);
}

export async function createClaims(
  set: StatefulSet,
  ordinal: number,
  context: ControllerContext,
): Promise<void> {
  const { client, lister, recorder } = context;
  const { namespace, name } = set.metadata;
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const claim = claimName(template.metadata.name, set, ordinal);
    const existing = lister("persistentvolumeclaims").get(`${namespace}/${claim}`);
    if (existing?.metadata.deletionTimestamp !== undefined) {
      throw new Error(`pvc ${claim} is being deleted`);
    }
    if (existing !== undefined) continue;
    const { labels, annotations } = template.metadata;
    const what = (after: string) =>
      `Create Claim ${claim} ${after} ${name}-${ordinal} in StatefulSet ${name}`;
    try {
      await client.for("persistentvolumeclaims").create({
        metadata: {
          name: claim,
          namespace,
          labels: { ...labels, ...set.spec.selector.matchLabels },
          annotations,
        },
        spec: template.spec,
      });
      const message = `${what("Pod")} success`;
      recorder.event(set as EventSubject, "Normal", "SuccessfulCreate", message);
    } catch (error) {
      if (isAlreadyExists(error)) continue;
      const reason = (error as Error).message;
      const message = `${what("for Pod")} failed error: ${reason}`;
      recorder.event(set as EventSubject, "Warning", "FailedCreate", message);
      throw new Error(`failed to create PVC ${claim}: ${reason}`, { cause: error });
    }
  }
}

/** A claim of a Pod of this name that has been deleted: it goes too, and no new Pod may use it. */
export function hasStaleClaim(
  set: StatefulSet,
  ordinal: number,
  context: ControllerContext,
): boolean {
  const deletes = set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled === "Delete";
  const pod = `${set.metadata.name}-${ordinal}`;
  return (
    deletes &&
    claimsOf(set, ordinal, context).some(({ metadata }) =>
      metadata.ownerReferences?.some(({ kind, name }) => kind === "Pod" && name === pod),
    )
  );
}

/** Gives the Pod's claims the owners with whom they are to go. */
export async function updateClaimOwners(
  set: StatefulSet,
  pod: Pod,
  ordinal: number,
  context: ControllerContext,
): Promise<void> {
  for (const claim of claimsOf(set, ordinal, context)) {
    const before = claim.metadata.ownerReferences ?? [];
    const wanted = wantedOwners(before, set, pod);
    if (wanted === "conflict") {
      const message = `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;
      context.recorder.event(set as EventSubject, "Warning", "ConflictingController", message);
    }
    const ownerReferences =
      wanted === "conflict" ? before.filter((reference) => !isOneOf(reference, set, pod)) : wanted;
    if (ownerReferences === undefined || sameOwners(before, ownerReferences)) continue;
    const metadata = { ...claim.metadata, ownerReferences };
    await context.client.for("persistentvolumeclaims").update({ ...claim, metadata });
  }
}

const refersTo = (
  { apiVersion, kind, name }: OwnerReference,
  object: StatefulSet | Pod,
  as: { apiVersion: string; kind: string },
): boolean => apiVersion === as.apiVersion && kind === as.kind && name === object.metadata.name;

const SET = { apiVersion: "apps/v1", kind: "StatefulSet" };
const POD = { apiVersion: "v1", kind: "Pod" };

const isOneOf = (reference: OwnerReference, set: StatefulSet, pod: Pod): boolean =>
  refersTo(reference, set, SET) || refersTo(reference, pod, POD);

/** Undefined: the claim is of an earlier StatefulSet or Pod of the name, and is left to the garbage collector. */
function wantedOwners(
  before: readonly OwnerReference[],
  set: StatefulSet,
  pod: Pod,
): OwnerReference[] | "conflict" | undefined {
  const isStale = (reference: OwnerReference) =>
    (refersTo(reference, set, SET) && reference.uid !== set.metadata.uid) ||
    (refersTo(reference, pod, POD) && reference.uid !== pod.metadata.uid);
  if (before.some(isStale)) return undefined;
  const others = before.filter((reference) => !isOneOf(reference, set, pod));
  const { whenScaled = "Retain", whenDeleted = "Retain" } =
    set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const retains = whenScaled === "Retain" && whenDeleted === "Retain";
  if (!retains && others.some(({ controller }) => controller === true)) return "conflict";
  if (whenScaled === "Delete" && !isInRange(pod, set)) {
    return [...others, controllerReference(pod, POD.apiVersion, POD.kind)];
  }
  if (whenDeleted === "Delete") {
    return [...others, controllerReference(set, SET.apiVersion, SET.kind)];
  }
  return others;
}

const sameOwners = (a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean =>
  a.length === b.length &&
  a.every(({ uid, controller }) =>
    b.some((other) => other.uid === uid && other.controller === controller),
  );
