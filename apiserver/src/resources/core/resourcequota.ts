import type { ResourceQuota } from "@coracle/shared/api/types/core-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { ownValue } from "@coracle/shared/machinery/own-value";
import { compareQuantities } from "@coracle/shared/machinery/quantity";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { storeResourceList } from "./pod/resource-lists.ts";
import {
  validateAmounts,
  validateQuotaSpec,
  validateSameScopes,
} from "./resourcequota-validation.ts";

function setDefaults(quota: ResourceQuota): void {
  quota.spec ??= {};
  quota.status ??= {};
  storeResourceList(quota.spec.hard);
  storeResourceList(quota.status.hard);
  storeResourceList(quota.status.used);
}

/** Whoever may request more than the limits allow can never use it. */
function warnings({ spec: { hard = {} } }: ResourceQuota): string[] {
  const texts: string[] = [];
  for (const name of ["cpu", "memory", "storage", "ephemeral-storage"]) {
    let requestName = `requests.${name}`;
    if (!Object.hasOwn(hard, requestName) && (name === "cpu" || name === "memory"))
      requestName = name;
    const request = ownValue(hard, requestName);
    const limit = hard[`limits.${name}`];
    if (request === undefined || limit === undefined) continue;
    if (compareQuantities(request, limit) <= 0) continue;
    texts.push(
      `ResourceQuota ${requestName} (${request}) should be less than limits.${name} (${limit})`,
    );
  }
  return texts;
}

function cells({ metadata, status }: ResourceQuota, now: number): unknown[] {
  const requests: string[] = [];
  const limits: string[] = [];
  const { hard = {}, used = {} } = status;
  for (const name of Object.keys(hard).sort()) {
    const text = `${name}: ${used[name] ?? "0"}/${hard[name]}`;
    (name.startsWith("limits.") ? limits : requests).push(text);
  }
  const since = age(metadata.creationTimestamp, now);
  return [metadata.name, requests.join(", "), limits.join(", "), since];
}

export const resourceQuotaBehaviour: ResourceBehaviour<ResourceQuota> = {
  storagePrefix: "resourcequotas",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(quota) {
      quota.status = {};
    },
    validate: ({ spec }) => validateQuotaSpec(spec),
    warningsOnCreate: warnings,
    prepareForUpdate(quota, old) {
      quota.status = old.status;
    },
    validateUpdate: (quota, old) => [
      ...repeatMetadataUpdate(quota.metadata, old.metadata),
      ...validateQuotaSpec(quota.spec),
      ...validateSameScopes(quota, old),
    ],
  },
  statusStrategy: {
    prepareForUpdate(quota, old) {
      quota.spec = old.spec;
    },
    validateUpdate: (quota, old) => [
      ...repeatMetadataUpdate(quota.metadata, old.metadata),
      ...validateAmounts(quota.status.hard, "status.hard"),
      ...validateAmounts(quota.status.used, "status.used"),
    ],
  },
  cells,
};
