// Validation of Nodes (upstream: ValidateNode and ValidateNodeUpdate). Some paths are upstream's own slips, kept:
// taints are reported under metadata.taints.
import type { Node, Taint } from "@coracle/shared/api/types/core-v1";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isQualifiedName, isValidLabelValue } from "@coracle/shared/machinery/names";
import { milliValue, signOf } from "@coracle/shared/machinery/quantity";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { isCidr, isDualStackCidrs, isValidCidr } from "../cidr.ts";
import { invalidTexts } from "../field-rules.ts";
import { goJsonError } from "../go-json-error.ts";

const TAINTS_ANNOTATION = "scheduler.alpha.kubernetes.io/taints";
const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** A taint as upstream's internal type prints: Go's names, in the struct's order. */
const shownTaint = ({ key, value, effect, timeAdded }: Taint) => ({
  Key: key,
  Value: value ?? "",
  Effect: effect,
  TimeAdded: timeAdded ?? null,
});

export function validateTaints(taints: readonly Taint[] | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  taints?.forEach((taint, i) => {
    const at = `${field}[${i}]`;
    const { key = "", value = "", effect = "" } = taint;
    errors.push(...invalidTexts(`${at}.key`, key, isQualifiedName(key)));
    const valueTexts = isValidLabelValue(value);
    if (valueTexts.length > 0) {
      errors.push(invalidValue(`${at}.value`, value, valueTexts.join(";")));
    }
    if (effect === "") errors.push(required(`${at}.effect`));
    else if (!EFFECTS.includes(effect)) errors.push(notSupported(`${at}.effect`, effect, EFFECTS));
    const identity = `${effect} ${key}`;
    if (seen.has(identity)) {
      const { message, ...error } = duplicate(at, shownTaint(taint));
      const detail = "taints must be unique by key and effect pair";
      errors.push({ ...error, message: `${message}: ${detail}` });
    }
    seen.add(identity);
  });
  return errors;
}

function validateAnnotations({ metadata }: Node): FieldError[] {
  const text = metadata.annotations?.[TAINTS_ANNOTATION];
  if (!text) return [];
  const field = "metadata.annotations";
  const broken = /^\s*\[/.test(text) ? undefined : goJsonError(text);
  if (broken !== undefined) return [invalidValue(field, TAINTS_ANNOTATION, broken)];
  const taints: unknown = JSON.parse(text);
  return Array.isArray(taints)
    ? validateTaints(taints as Taint[], `${field}.${TAINTS_ANNOTATION}`)
    : [];
}

const isIntegerResource = (name: string): boolean =>
  [
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
  ].includes(name) ||
  ["persistentvolumeclaims", "services.nodeports", "services.loadbalancers"].includes(name) ||
  isExtendedResource(name);

function isExtendedResource(name: string): boolean {
  if (!name.includes("/") || name.split("/")[0]?.endsWith("kubernetes.io")) return false;
  return !name.startsWith("requests.") && isQualifiedName(`requests.${name}`).length === 0;
}

function validateResources({ status }: Node): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ["capacity", "allocatable"] as const) {
    for (const [name, quantity] of Object.entries(status[list] ?? {})) {
      const field = `status.${list}.${name}`;
      if (signOf(quantity) < 0) {
        errors.push(invalidValue(field, quantity, "must be greater than or equal to 0"));
      }
      if (isIntegerResource(name) && milliValue(quantity) % 1000 !== 0) {
        errors.push(invalidValue(field, quantity, "must be an integer"));
      }
    }
  }
  return errors;
}

const FEATURE = /^([A-Z][a-zA-Z0-9]*)(\/[a-zA-Z0-9]+)*$/;

function validateFeatures({ status }: Node): FieldError[] {
  const errors: FieldError[] = [];
  const features = status.declaredFeatures ?? [];
  features.forEach((feature, i) => {
    const at = (index: number) => `status.declaredFeatures[${index}]`;
    const name = `invalid feature name ${JSON.stringify(feature)}: must`;
    if (feature.length > 253) {
      errors.push(invalidValue(at(i), feature, `${name} be no more than 253 characters`));
    } else if (!FEATURE.test(feature)) {
      const detail = `${name} start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`;
      errors.push(invalidValue(at(i), feature, detail));
    }
    const next = features[i + 1];
    if (next === undefined) return;
    if (feature === next) errors.push(duplicate(at(i + 1), next));
    else if (feature > next) {
      errors.push(invalidValue(at(i + 1), next, "list must be sorted alphabetically"));
    }
  });
  return errors;
}

function validatePodCidrs({ spec }: Node): FieldError[] {
  const cidrs = spec.podCIDRs ?? [];
  const errors = cidrs.flatMap((cidr, i) =>
    invalidTexts(`spec.podCIDRs[${i}]`, cidr, isValidCidr(cidr)),
  );
  const broken = cidrs.findIndex((cidr) => !isCidr(cidr));
  if (cidrs.length > 1 && broken >= 0) {
    const why = `invalid CIDR[${broken}]: <nil> (invalid CIDR address: ${cidrs[broken]})`;
    const message = `Internal error: invalid PodCIDRs. failed to check with dual stack with error:${why}`;
    errors.push({ type: "InternalError", field: "spec.podCIDRs", message });
  }
  if (cidrs.length > 1 && (cidrs.length > 2 || !isDualStackCidrs(cidrs))) {
    const detail = "may specify no more than one CIDR for each IP family";
    errors.push(invalidValue("spec.podCIDRs", cidrs, detail));
  }
  return errors;
}

/** What holds for every Node, metadata excepted. */
export function validateNode(node: Node): FieldError[] {
  return [
    ...validateAnnotations(node),
    ...validateTaints(node.spec.taints, "metadata.taints"),
    ...validateResources(node),
    ...validateFeatures(node),
    ...validatePodCidrs(node),
  ];
}

/** What an update of the Node or of its status has to respect, metadata excepted. */
export function validateNodeChange(node: Node, old: Node): FieldError[] {
  const errors = [
    ...validateAnnotations(node),
    ...validateResources(node),
    ...validateFeatures(node),
  ];
  const addresses = new Set<string>();
  node.status.addresses?.forEach((address, i) => {
    const identity = `${address.type} ${address.address}`;
    if (addresses.has(identity)) {
      const shown = { Type: address.type, Address: address.address };
      errors.push(duplicate(`status.addresses[${i}]`, shown));
    }
    addresses.add(identity);
  });
  const before = old.spec.podCIDRs ?? [];
  const after = node.spec.podCIDRs ?? [];
  const cidrChanges =
    before.length !== after.length ? 1 : before.filter((c, i) => c !== after[i]).length;
  for (let i = 0; before.length > 0 && i < cidrChanges; i++) {
    const detail = 'node updates may not change podCIDR except from "" to valid';
    errors.push(forbiddenField("spec.podCIDRs", detail));
  }
  if (old.spec.providerID && old.spec.providerID !== node.spec.providerID) {
    const detail = 'node updates may not change providerID except from "" to valid';
    errors.push(forbiddenField("spec.providerID", detail));
  }
  errors.push(...validateTaints(node.spec.taints, "metadata.taints"));
  if ((node.spec.externalID ?? "") !== (old.spec.externalID ?? "")) {
    errors.push(forbiddenField("spec.externalID", "may not be updated"));
  }
  return errors;
}
