// Validation of StorageClasses (upstream: ValidateStorageClass, ValidateStorageClassUpdate).
import type {
  TopologySelectorLabelRequirement,
  TopologySelectorTerm,
} from "@coracle/shared/api/types/core-v1";
import type { StorageClass } from "@coracle/shared/api/types/storage-v1";
import { duplicate, notSupported, required } from "@coracle/shared/machinery/field-error";
import { isQualifiedName } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { immutableField, invalidTexts } from "../field-rules.ts";
import { sortedEntries, validateParameters, validateProvisioner } from "./parameters.ts";

const RECLAIM_POLICIES = ["Delete", "Retain"];
const BINDING_MODES = ["Immediate", "WaitForFirstConsumer"];

export function validateStorageClass(storageClass: StorageClass): FieldError[] {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode } = storageClass;
  const errors = [
    ...validateProvisioner(provisioner, "provisioner"),
    ...validateParameters(parameters, { allowEmpty: true }, "parameters"),
  ];
  if (reclaimPolicy && !RECLAIM_POLICIES.includes(reclaimPolicy)) {
    errors.push(notSupported("reclaimPolicy", reclaimPolicy, RECLAIM_POLICIES));
  }
  if (volumeBindingMode === undefined) errors.push(required("volumeBindingMode"));
  else if (!BINDING_MODES.includes(volumeBindingMode)) {
    errors.push(notSupported("volumeBindingMode", volumeBindingMode, BINDING_MODES));
  }
  errors.push(...validateTopologies(storageClass.allowedTopologies ?? [], "allowedTopologies"));
  return errors;
}

export function validateStorageClassChange(now: StorageClass, old: StorageClass): FieldError[] {
  return [
    ...immutableField(sortedEntries(now.parameters), sortedEntries(old.parameters), "parameters"),
    ...immutableField(now.provisioner, old.provisioner, "provisioner"),
    ...immutableField(now.reclaimPolicy, old.reclaimPolicy, "reclaimPolicy"),
    ...immutableField(now.volumeBindingMode, old.volumeBindingMode, "volumeBindingMode"),
  ];
}

/** What a term allows, in a form in which equal terms are equal texts. */
function allowedBy({ matchLabelExpressions = [] }: TopologySelectorTerm): string {
  const allowed = new Map(matchLabelExpressions.map(({ key, values }) => [key, values]));
  const entries = [...allowed].map(([key, values]) => [key, [...new Set(values ?? [])].sort()]);
  return JSON.stringify(entries.sort(([a], [b]) => ((a ?? "") < (b ?? "") ? -1 : 1)));
}

const NOTHING = "[]";

function validateTopologies(terms: readonly TopologySelectorTerm[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  // Upstream starts its list of terms with as many empty ones as there are terms: an empty term repeats each of them.
  const seen: string[] = terms.map(() => NOTHING);
  terms.forEach((term, i) => {
    const at = `${path}[${i}].matchLabelExpressions`;
    errors.push(...validateTerm(term, at));
    const allowed = allowedBy(term);
    for (const other of seen) if (other === allowed) errors.push(duplicate(at, ""));
    seen.push(allowed);
  });
  return errors;
}

function validateTerm(
  { matchLabelExpressions = [] }: TopologySelectorTerm,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const keys = new Set<string>();
  matchLabelExpressions.forEach((expression, i) => {
    const { key = "" } = expression;
    errors.push(...validateExpression(expression, `${path}[${i}]`));
    if (keys.has(key)) errors.push(duplicate(`${path}[${i}].key`, key));
    keys.add(key);
  });
  return errors;
}

function validateExpression(
  { key = "", ...requirement }: TopologySelectorLabelRequirement,
  path: string,
): FieldError[] {
  const values = requirement.values ?? [];
  const errors: FieldError[] = [];
  if (values.length === 0) errors.push(required(`${path}.values`));
  values.forEach((value, i) => {
    if (values.indexOf(value) < i) errors.push(duplicate(`${path}.values[${i}]`, value));
  });
  errors.push(...invalidTexts(`${path}.key`, key, isQualifiedName(key)));
  return errors;
}
