// LimitRanger: what the LimitRanges of a namespace set in its Pods and demand of its Pods and claims.
import type { LimitRange, PersistentVolumeClaim, Pod } from "@coracle/shared/api/types/core-v1";
import type { ServedResource } from "../registry/served-resource.ts";
import { type AdmissionPlugin, type Attributes, aggregate, refusal } from "./chain.ts";
import { claimFindings, podFindings, setDefaultResources } from "./limit-range-rules.ts";
import { ObjectLister } from "./object-lister.ts";

export function limitRanger(limitRanges: ServedResource): AdmissionPlugin {
  const lister = new ObjectLister<LimitRange>(limitRanges);

  /** Those that the request has to do with; nothing is looked at where there are none. */
  function rangesFor(attributes: Attributes): readonly LimitRange[] {
    if (limitRanges.cache.size === 0 || !concerns(attributes)) return [];
    if (attributes.old?.metadata.deletionTimestamp !== undefined) return [];
    return lister.list(attributes.namespace);
  }

  return {
    name: "LimitRanger",
    admit(attributes) {
      if (attributes.resource.kind !== "Pod") return;
      for (const range of rangesFor(attributes)) {
        setDefaultResources(range, attributes.object as unknown as Pod);
      }
    },
    validate(attributes) {
      for (const range of rangesFor(attributes)) {
        const findings =
          attributes.resource.kind === "Pod"
            ? podFindings(range, attributes.object as unknown as Pod)
            : claimFindings(range, attributes.object as unknown as PersistentVolumeClaim);
        if (findings.length > 0) throw refusal(attributes, aggregate(findings));
      }
    },
  };
}

/** Creations of Pods and every write of claims; containers change only by a resize. */
function concerns({ operation, resource, subresource }: Attributes): boolean {
  if (resource.group !== "" || (operation !== "CREATE" && operation !== "UPDATE")) return false;
  if (resource.kind === "PersistentVolumeClaim") return subresource === "";
  if (resource.kind !== "Pod") return false;
  return operation === "CREATE" ? subresource === "" : subresource === "resize";
}
