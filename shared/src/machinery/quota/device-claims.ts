// What ResourceClaims use: themselves, and devices by their class (upstream: pkg/quota/v1/evaluator/core
// resource_claims.go).
import type { DeviceRequest, ResourceClaim } from "../../api/types/resource-v1.ts";
import { type Amounts, addAmounts, maxAmounts } from "./amounts.ts";
import type { QuotaEvaluator } from "./evaluator.ts";

const COUNT = "count/resourceclaims.resource.k8s.io";
const OF_CLASS = ".deviceclass.resource.k8s.io/devices";
/** As many as one claim can get. */
const ALL_DEVICES = 32;

interface Wanted {
  deviceClassName: string;
  allocationMode?: string;
  count?: number;
}

function devices({ deviceClassName, allocationMode, count = 0 }: Wanted): Amounts {
  const wanted = allocationMode === "All" ? ALL_DEVICES : count;
  const known = allocationMode === "All" || allocationMode === "ExactCount";
  return { [deviceClassName + OF_CLASS]: String(known ? wanted : 0) };
}

/** Of alternatives the worst. */
function ofRequest({ exactly, firstAvailable = [] }: DeviceRequest): Amounts {
  if (firstAvailable.length === 0) return exactly === undefined ? {} : devices(exactly);
  return firstAvailable.map(devices).reduce((worst, one) => maxAmounts(worst, one), {});
}

export const deviceClaimEvaluator: QuotaEvaluator = {
  matching: (names) => names.filter((name) => name === COUNT || name.endsWith(OF_CLASS)),
  usage(object) {
    const { spec } = object as ResourceClaim;
    let total: Amounts = { [COUNT]: "1" };
    for (const request of spec.devices?.requests ?? []) {
      total = addAmounts(total, ofRequest(request));
    }
    return total;
  },
  matchesScope: () => false,
  changedBy: (subresource) => subresource === "",
};
