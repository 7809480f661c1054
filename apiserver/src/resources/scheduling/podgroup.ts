import type {
  PodGroup,
  PodGroupTemplateReference,
} from "@coracle/shared/api/types/scheduling-v1alpha2";
import { invalidValue, required, tooMany } from "@coracle/shared/machinery/field-error";
import { isDns1123Label, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { validateConditions } from "../condition-validation.ts";
import { deepEqual } from "../deep-equal.ts";
import { invalidTexts } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { resetMetadataForStatus } from "../status-metadata.ts";
import {
  immutable,
  repeatedNames,
  requiredText,
  validateGrouping,
  validateUnion,
} from "./pod-group-validation.ts";

const TEMPLATE = "spec.podGroupTemplateRef";
const STATUSES_MAX = 4;

function validateTemplateReference(
  reference: PodGroupTemplateReference | null | undefined,
): FieldError[] {
  if (reference === undefined || reference === null) return [];
  const { workload } = reference;
  const errors = validateUnion(reference, ["workload"], TEMPLATE);
  if (workload === undefined || workload === null) return errors;
  const at = `${TEMPLATE}.workload`;
  return [
    ...errors,
    ...requiredText(workload.workloadName, `${at}.workloadName`, isDns1123Subdomain),
    ...requiredText(workload.podGroupTemplateName, `${at}.podGroupTemplateName`, isDns1123Label),
  ];
}

const validate = ({ spec }: PodGroup): FieldError[] => [
  ...validateTemplateReference(spec.podGroupTemplateRef),
  ...validateGrouping(spec, undefined, "spec"),
];

function validateUpdate(group: PodGroup, old: PodGroup): FieldError[] {
  const errors = repeatMetadataUpdate(group.metadata, old.metadata);
  const { podGroupTemplateRef: reference, disruptionMode } = group.spec;
  if (!deepEqual(reference ?? null, old.spec.podGroupTemplateRef ?? null)) {
    errors.push(immutable(TEMPLATE));
  }
  if (disruptionMode === undefined) errors.push(required("spec.disruptionMode"));
  return [...errors, ...validateGrouping(group.spec, old.spec, "spec")];
}

function validateStatus({ spec, status }: PodGroup): FieldError[] {
  const statuses = status?.resourceClaimStatuses ?? [];
  const path = "status.resourceClaimStatuses";
  const claims = new Set(spec.resourceClaims?.map(({ name }) => name));
  const errors = validateConditions(status?.conditions, "status.conditions");
  statuses.forEach(({ name = "" }, i) => {
    if (claims.has(name)) return;
    const detail = "must match the name of an entry in `spec.resourceClaims`";
    errors.push(invalidValue(`${path}[${i}].name`, name, detail));
  });
  if (statuses.length > STATUSES_MAX) {
    return [...errors, tooMany(path, statuses.length, STATUSES_MAX)];
  }
  return [
    ...errors,
    ...repeatedNames(statuses, path),
    ...statuses.flatMap(({ resourceClaimName: name }, i) =>
      name === undefined
        ? []
        : invalidTexts(`${path}[${i}].resourceClaimName`, name, isDns1123Subdomain(name)),
    ),
  ];
}

function statusCell({ status }: PodGroup): string {
  const find = (type: string) => status?.conditions?.findLast((one) => one.type === type);
  const disrupted = find("DisruptionTarget");
  if (disrupted !== undefined) return disrupted.reason;
  const scheduled = find("PodGroupScheduled");
  if (scheduled === undefined) return "Pending";
  return scheduled.status === "True" ? "Scheduled" : "Unschedulable";
}

export const podGroupBehaviour: ResourceBehaviour<PodGroup> = {
  storagePrefix: "podgroups",
  setDefaults({ spec }) {
    spec.disruptionMode ??= "Pod";
  },
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(group) {
      group.status = {};
    },
    validate,
    prepareForUpdate(group, old) {
      group.status = old.status;
    },
    validateUpdate,
  },
  statusStrategy: {
    prepareForUpdate(group, old) {
      group.spec = old.spec;
      resetMetadataForStatus(group.metadata, old.metadata);
    },
    validateUpdate: (group, old) => [
      ...repeatMetadataUpdate(group.metadata, old.metadata),
      ...validateStatus(group),
    ],
  },
  cells: (group, now) => [
    group.metadata.name,
    group.spec.schedulingPolicy?.gang === undefined ? "Basic" : "Gang",
    group.spec.podGroupTemplateRef?.workload?.workloadName ?? "<none>",
    statusCell(group),
    age(group.metadata.creationTimestamp, now),
  ],
};
