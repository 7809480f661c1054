// What PersistentVolumeClaims use (upstream: pkg/quota/v1/evaluator/core persistent_volume_claims.go).
import type { PersistentVolumeClaim } from "../../api/types/core-v1.ts";
import {
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityOf,
  value,
} from "../quantity.ts";
import type { Amounts } from "./amounts.ts";
import { type QuotaEvaluator, scopeValueMatches } from "./evaluator.ts";

const RESOURCES = ["persistentvolumeclaims", "requests.storage"];
const COUNT = "count/persistentvolumeclaims";
const OF_CLASS = ".storageclass.storage.k8s.io/";
const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

const isCounted = (name: string): boolean =>
  name === COUNT ||
  RESOURCES.includes(name) ||
  RESOURCES.some((resource) => name.endsWith(OF_CLASS + resource));

/** Whole bytes. */
function roundedUp(text: string): string {
  const quantity = parseQuantity(text);
  if (quantity.exponent >= 0) return text;
  return formatQuantity(quantityOf(value(quantity), quantity.format));
}

function storage({ spec, status }: PersistentVolumeClaim): string | undefined {
  const asked = spec.resources?.requests?.storage;
  if (asked === undefined) return undefined;
  const result = roundedUp(asked);
  const allocated = status?.allocatedResources?.storage;
  if (allocated === undefined || compareQuantities(allocated, result) <= 0) return result;
  return roundedUp(allocated);
}

function usage(claim: PersistentVolumeClaim): Amounts {
  const result: Record<string, string> = { persistentvolumeclaims: "1", [COUNT]: "1" };
  const { annotations } = claim.metadata;
  const storageClass = annotations?.[CLASS_ANNOTATION] ?? claim.spec.storageClassName ?? "";
  if (storageClass !== "") result[`${storageClass}${OF_CLASS}persistentvolumeclaims`] = "1";
  const requested = storage(claim);
  if (requested !== undefined) {
    result["requests.storage"] = requested;
    if (storageClass !== "") result[`${storageClass}${OF_CLASS}requests.storage`] = requested;
  }
  return result;
}

/** The classes that the claim has, had and is to have. */
function attributesClasses({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names)].filter((name): name is string => Boolean(name)).sort();
}

/** What the quota controller has to count again. */
export const isClaimRecounted = (
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): boolean =>
  claim.status?.allocatedResources?.storage !== old.status?.allocatedResources?.storage ||
  attributesClasses(claim).join() !== attributesClasses(old).join();

export const claimEvaluator: QuotaEvaluator = {
  matching: (names) => names.filter(isCounted),
  usage: (object) => usage(object as PersistentVolumeClaim),
  matchesScope(requirement, object) {
    if (requirement.scopeName !== "VolumeAttributesClass") return false;
    const classes = attributesClasses(object as PersistentVolumeClaim);
    if (classes.length === 0) return scopeValueMatches(requirement, undefined);
    return classes.some((name) => scopeValueMatches(requirement, name));
  },
  changedBy(subresource, object, old) {
    if (subresource === "") return true;
    if (subresource !== "status") return false;
    return isClaimRecounted(object as PersistentVolumeClaim, old as PersistentVolumeClaim);
  },
};
