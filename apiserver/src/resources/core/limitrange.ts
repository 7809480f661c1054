import type { LimitRange, LimitRangeItem } from "@coracle/shared/api/types/core-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { repeatObjectMeta } from "../metadata-validation.ts";
import { validateLimitRange } from "./limitrange-validation.ts";
import { type ResourceList, storeResourceList } from "./pod/resource-lists.ts";

function addMissing(list: ResourceList, from: ResourceList | undefined): void {
  for (const name in from) list[name] ??= from[name] as string;
}

/** A container's default limit is the maximum, its default request the default limit, or else the minimum. */
function defaultContainerLimits(item: LimitRangeItem): void {
  item.default ??= {};
  item.defaultRequest ??= {};
  addMissing(item.default, item.max);
  addMissing(item.defaultRequest, item.default);
  addMissing(item.defaultRequest, item.min);
  if (Object.keys(item.default).length === 0) delete item.default;
  if (Object.keys(item.defaultRequest).length === 0) delete item.defaultRequest;
}

function setDefaults(range: LimitRange): void {
  for (const item of range.spec?.limits ?? []) {
    if (item.type === "Container") defaultContainerLimits(item);
    storeResourceList(item.max);
    storeResourceList(item.min);
    storeResourceList(item.default);
    storeResourceList(item.defaultRequest);
    storeResourceList(item.maxLimitRequestRatio);
  }
}

/** Upstream's storage does not tell an empty list from none. */
function dropEmptyLimits({ spec }: LimitRange): void {
  const stored: { limits: LimitRangeItem[] | null } = spec;
  if (stored.limits?.length === 0) stored.limits = null;
}

export const limitRangeBehaviour: ResourceBehaviour<LimitRange> = {
  storagePrefix: "limitranges",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    allowCreateOnUpdate: true,
    prepareForCreate(range) {
      const { metadata } = range;
      metadata.name ||= metadata.uid; // upstream makes up an id of its own
      dropEmptyLimits(range);
    },
    validate: validateLimitRange,
    prepareForUpdate: dropEmptyLimits,
    validateUpdate: (range) => [
      ...repeatObjectMeta(range.metadata, true, isDns1123Subdomain),
      ...validateLimitRange(range),
    ],
  },
  cells: ({ metadata }) => [metadata.name, metadata.creationTimestamp ?? null],
};
