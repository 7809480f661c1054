import type { LimitRange, LimitRangeItem } from "@coracle/shared/api/types/core-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { repeatObjectMeta } from "../metadata-validation.ts";
import { validateLimitRange } from "./limitrange-validation.ts";
import { type ResourceList, storeResourceList } from "./pod/resource-lists.ts";

/** `list` with what it lacks of the others; itself when it lacks nothing. */
function completed(
  list: ResourceList | undefined,
  ...others: (ResourceList | undefined)[]
): ResourceList | undefined {
  const all = Object.assign({}, ...others.toReversed(), list) as ResourceList;
  return Object.keys(all).length === Object.keys(list ?? {}).length ? list : all;
}

/** A container's default limit is the maximum, its default request the default limit, or else the minimum. */
function defaultContainerLimits(item: LimitRangeItem): void {
  const limits = completed(item.default, item.max);
  if (limits !== undefined && limits !== item.default) item.default = limits;
  const requests = completed(item.defaultRequest, limits, item.min);
  if (requests !== undefined && requests !== item.defaultRequest) item.defaultRequest = requests;
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
