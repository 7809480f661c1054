import type { CSINode, CSINodeDriver } from "@coracle/shared/api/types/storage-v1";
import { duplicate, invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, isQualifiedName } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { internalForm } from "../core/pod/internal-form.ts";
import { deepEqual } from "../deep-equal.ts";
import { invalidTexts, nonNegative } from "../field-rules.ts";
import { repeatObjectMeta } from "../metadata-validation.ts";
import { validateCsiDriverName } from "./csi-driver-name.ts";

const NODE_ID_BYTES_MAX = 256;

function validateNodeId(nodeId: string, field: string): FieldError[] {
  if (nodeId === "") return [required(field)];
  if (Buffer.byteLength(nodeId) <= NODE_ID_BYTES_MAX) return [];
  return [invalidValue(field, nodeId, `must be ${NODE_ID_BYTES_MAX} characters or less`)];
}

function validateDrivers({ spec }: CSINode): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  (spec.drivers ?? []).forEach(({ name = "", nodeID = "", topologyKeys, allocatable }, i) => {
    const at = `spec.drivers[${i}]`;
    errors.push(
      ...validateCsiDriverName(name, `${at}.name`),
      ...validateNodeId(nodeID, `${at}.nodeID`),
      ...nonNegative(allocatable?.count, `${at}.allocatable.count`),
    );
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    errors.push(...validateTopologyKeys(topologyKeys ?? [], at));
  });
  return errors;
}

/** Findings are on the driver, as upstream has them. */
function validateTopologyKeys(keys: readonly string[], field: string): FieldError[] {
  return keys.flatMap((key, i) => {
    const errors = key === "" ? [required(field)] : [];
    if (keys.indexOf(key) < i) errors.push(duplicate(field, key));
    return [...errors, ...invalidTexts(field, key, isQualifiedName(key))];
  });
}

/** Upstream's storage does not tell an empty list from none. */
function prepareDrivers({ spec }: CSINode): void {
  if (spec.drivers?.length === 0) Object.assign(spec, { drivers: null });
}

/** Only how much a driver can take may change; drivers come and go. */
function validateChange(now: CSINode, old: CSINode): FieldError[] {
  const fixed = ({
    allocatable: _,
    ...driver
  }: CSINodeDriver): Omit<CSINodeDriver, "allocatable"> => driver;
  return (old.spec.drivers ?? []).flatMap((before) =>
    (now.spec.drivers ?? [])
      .filter((driver) => driver.name === before.name && !deepEqual(fixed(driver), fixed(before)))
      .map((driver) => {
        const shown = internalForm("CSINodeDriver", fixed(driver));
        return invalidValue("spec.drivers", shown, "field is immutable");
      }),
  );
}

export const csiNodeBehaviour: ResourceBehaviour<CSINode> = {
  storagePrefix: "csinodes",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    allowUnconditionalUpdate: false,
    prepareForCreate: prepareDrivers,
    validate: validateDrivers,
    prepareForUpdate: prepareDrivers,
    validateUpdate: (node, old) => [
      ...repeatObjectMeta(node.metadata, false, isDns1123Subdomain),
      ...validateDrivers(node),
      ...validateChange(node, old),
    ],
  },
  cells: ({ metadata, spec }, now) => [
    metadata.name,
    spec?.drivers?.length ?? 0,
    age(metadata.creationTimestamp, now),
  ],
};
