import type {
  CounterSet,
  Device,
  ResourcePool,
  ResourceSlice,
  ResourceSliceSpec,
} from "@coracle/shared/api/types/resource-v1";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { validateNodeSelector } from "../core/pod/affinity-validation.ts";
import { internalForm } from "../core/pod/internal-form.ts";
import { deepEqual } from "../deep-equal.ts";
import { immutableField, invalidTexts } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { validateSet } from "./device-lists.ts";
import { validateDriverName, validatePoolName, validateShortName } from "./device-names.ts";
import { validateCounters, validateDevice } from "./device-validation.ts";

const DEVICES_MAX = 128;
/** Where a device has taints or consumes counters. */
const INTRICATE_DEVICES_MAX = 64;
const COUNTER_SETS_MAX = 8;

function validatePool(pool: ResourcePool, path: string): FieldError[] {
  const { name, resourceSliceCount = 0, generation = 0 } = pool;
  const errors = validatePoolName(name, `${path}.name`);
  if (resourceSliceCount <= 0) {
    const detail = "must be greater than zero";
    errors.push(invalidValue(`${path}.resourceSliceCount`, resourceSliceCount, detail));
  }
  if (generation < 0) {
    const detail = "must be greater than or equal to zero";
    errors.push(invalidValue(`${path}.generation`, generation, detail));
  }
  return errors;
}

/** Exactly one way of saying which nodes reach the devices. */
function validateNodes(spec: ResourceSliceSpec): FieldError[] {
  const { nodeName, nodeSelector } = spec;
  const errors: FieldError[] = [];
  const set: string[] = [];
  if (nodeName === "") {
    const detail = "must be either unset or set to a non-empty string";
    errors.push(invalidValue("spec.nodeName", nodeName, detail));
  } else if (nodeName !== undefined) {
    set.push("`nodeName`");
    errors.push(...invalidTexts("spec.nodeName", nodeName, isDns1123Subdomain(nodeName)));
  }
  if (nodeSelector !== undefined) {
    set.push("`nodeSelector`");
    validateNodeSelector(nodeSelector, "spec.nodeSelector", errors);
    if (nodeSelector.nodeSelectorTerms?.length !== 1) {
      const shown = internalForm("NodeSelector", nodeSelector).NodeSelectorTerms ?? [];
      const field = "spec.nodeSelector.nodeSelectorTerms";
      errors.push(invalidValue(field, shown, "must have exactly one node selector term"));
    }
  }
  for (const field of ["allNodes", "perDeviceNodeSelection"] as const) {
    if (spec[field] === true) set.push(`\`${field}\``);
    if (spec[field] !== false) continue;
    errors.push(invalidValue(`spec.${field}`, false, "must be either unset or set to true"));
  }
  const detail =
    "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  if (set.length === 0) errors.push(required("spec", detail));
  if (set.length > 1) {
    const shown = `{${set.join(", ")}}`;
    errors.push(invalidValue("spec", shown, `${detail}, but multiple fields are set`));
  }
  return errors;
}

function validateCounterSet({ name = "", counters = {} }: CounterSet, path: string): FieldError[] {
  const field = `${path}.name`;
  const errors = name === "" ? [required(field)] : validateShortName(name, field);
  return [...errors, ...validateCounters(counters, `${path}.counters`)];
}

const isIntricate = ({ taints = [], consumesCounters = [] }: Device): boolean =>
  taints.length > 0 || consumesCounters.length > 0;

function validate({ spec }: ResourceSlice, old?: ResourceSlice): FieldError[] {
  const { driver, pool, devices, sharedCounters } = spec;
  const errors = [
    ...validateDriverName(driver, "spec.driver"),
    ...validatePool(pool ?? {}, "spec.pool"),
  ];
  if (old !== undefined) {
    errors.push(
      ...immutableField(pool?.name ?? "", old.spec.pool?.name ?? "", "spec.pool.name"),
      ...immutableField(driver ?? "", old.spec.driver ?? "", "spec.driver"),
      ...immutableField(spec.nodeName, old.spec.nodeName, "spec.nodeName"),
    );
  }
  errors.push(...validateNodes(spec));
  if (sharedCounters !== undefined && devices !== undefined) {
    errors.push(invalidValue("spec", "", "only one of `sharedCounters` or `devices` is allowed"));
  }
  const before = new Map(old?.spec.devices?.map((device) => [device.name, device]));
  return [
    ...errors,
    ...validateSet(
      devices,
      devices?.some(isIntricate) ? INTRICATE_DEVICES_MAX : DEVICES_MAX,
      "spec.devices",
      (device, at) =>
        validateDevice(device, before.get(device.name), at, spec.perDeviceNodeSelection === true),
      ({ name = "" }) => name,
    ),
    ...validateSet(
      sharedCounters,
      COUNTER_SETS_MAX,
      "spec.sharedCounters",
      validateCounterSet,
      ({ name = "" }) => name,
    ),
  ];
}

/** Fields behind gates that are off in 1.36; what an old object has of them may stay. */
function dropDisabledFields({ spec }: ResourceSlice, old?: ResourceSlice): void {
  const lists = ["ints", "bools", "strings", "versions"] as const;
  const before = old?.spec.devices ?? [];
  const listsInUse = before.some(({ attributes = {} }) =>
    Object.values(attributes).some((attribute) => lists.some((list) => attribute[list])),
  );
  const mappingsInUse = before.some((device) => device.nodeAllocatableResourceMappings);
  for (const device of spec.devices ?? []) {
    if (!mappingsInUse) delete device.nodeAllocatableResourceMappings;
    if (listsInUse) continue;
    for (const attribute of Object.values(device.attributes ?? {})) {
      for (const list of lists) delete attribute[list];
    }
  }
}

/** A taint tells since when it is. */
function stampTaints({ spec }: ResourceSlice, now: number): void {
  for (const { taints = [] } of spec.devices ?? []) {
    for (const taint of taints) taint.timeAdded ??= formatTime(now);
  }
}

function driverWarnings({ spec: { driver = "" } }: ResourceSlice): string[] {
  if (driver === driver.toLowerCase()) return [];
  return [
    `spec.driver: driver names should be lowercase; ${JSON.stringify(driver)} contains uppercase characters`,
  ];
}

export const resourceSliceBehaviour: ResourceBehaviour<ResourceSlice> = {
  storagePrefix: "resourceslices",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  selectableFields: ({ spec }) => ({
    "spec.nodeName": spec.nodeName ?? "",
    "spec.driver": spec.driver ?? "",
  }),
  strategy: {
    prepareForCreate(slice, { now }) {
      slice.metadata.generation = 1;
      dropDisabledFields(slice);
      stampTaints(slice, now);
    },
    validate: (slice) => validate(slice),
    warningsOnCreate: driverWarnings,
    prepareForUpdate(slice, old, { now }) {
      stampTaints(slice, now);
      if (!deepEqual(slice.spec, old.spec)) {
        slice.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
      dropDisabledFields(slice, old);
    },
    validateUpdate: (slice, old) => [
      ...repeatMetadataUpdate(slice.metadata, old.metadata),
      ...validate(slice, old),
    ],
    warningsOnUpdate: driverWarnings,
  },
  cells: ({ metadata, spec }, now) => [
    metadata.name,
    spec.nodeName ?? "",
    spec.driver ?? "",
    spec.pool?.name ?? "",
    age(metadata.creationTimestamp, now),
  ],
};
