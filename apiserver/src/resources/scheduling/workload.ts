import type {
  TypedLocalObjectReference,
  Workload,
} from "@coracle/shared/api/types/scheduling-v1alpha2";
import { required, tooMany } from "@coracle/shared/machinery/field-error";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isPathSegmentName,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { deepEqual } from "../deep-equal.ts";
import { invalidTexts } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import {
  immutable,
  repeatedNames,
  requiredText,
  validateGrouping,
} from "./pod-group-validation.ts";

const TEMPLATES_MAX = 8;
const CONTROLLER = "spec.controllerRef";
const TEMPLATES = "spec.podGroupTemplates";

function validateController(reference: TypedLocalObjectReference | undefined): FieldError[] {
  if (reference === undefined) return [];
  const { apiGroup = "", kind, name } = reference;
  return [
    ...(apiGroup === ""
      ? []
      : invalidTexts(`${CONTROLLER}.apiGroup`, apiGroup, isDns1123Subdomain(apiGroup))),
    ...requiredText(kind, `${CONTROLLER}.kind`, isPathSegmentName),
    ...requiredText(name, `${CONTROLLER}.name`, isPathSegmentName),
  ];
}

/** How many templates there are: what is said even of those that may not be changed. */
function validateNumber({ spec }: Workload): FieldError[] {
  const number = spec.podGroupTemplates?.length ?? 0;
  if (number === 0) return [required(TEMPLATES)];
  return number > TEMPLATES_MAX ? [tooMany(TEMPLATES, number, TEMPLATES_MAX)] : [];
}

function validate(workload: Workload): FieldError[] {
  const errors = validateController(workload.spec.controllerRef);
  const number = validateNumber(workload);
  if (number.length > 0) return [...errors, ...number];
  const { podGroupTemplates: templates } = workload.spec;
  return [
    ...errors,
    ...repeatedNames(templates, TEMPLATES),
    ...templates.flatMap((template, i) => {
      const at = `${TEMPLATES}[${i}]`;
      return [
        ...requiredText(template.name, `${at}.name`, isDns1123Label),
        ...validateGrouping(template, undefined, at),
      ];
    }),
  ];
}

function validateUpdate(workload: Workload, old: Workload): FieldError[] {
  const errors = repeatMetadataUpdate(workload.metadata, old.metadata);
  if (!deepEqual(workload.spec.controllerRef, old.spec.controllerRef)) {
    errors.push(immutable(CONTROLLER));
  }
  if (deepEqual(workload.spec.podGroupTemplates, old.spec.podGroupTemplates)) return errors;
  return [...errors, immutable(TEMPLATES), ...validateNumber(workload)];
}

export const workloadBehaviour: ResourceBehaviour<Workload> = {
  storagePrefix: "workloads",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate() {},
    validate,
    prepareForUpdate() {},
    validateUpdate,
  },
  cells: ({ metadata }, now) => [metadata.name, age(metadata.creationTimestamp, now)],
};
