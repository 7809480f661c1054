import type { PriorityClass } from "@coracle/shared/api/types/scheduling-v1";
import { forbiddenField } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { ownValue } from "@coracle/shared/machinery/own-value";
import { type FieldError, forbidden } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { checkEnum } from "../core/pod/findings.ts";
import { immutableField } from "../field-rules.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";

const SYSTEM_PREFIX = "system-";
const USER_VALUE_MAX = 1_000_000_000;

/** The classes that every cluster has, by name. */
export const systemPriorityClasses: Readonly<
  Record<string, { value: number; description: string }>
> = {
  "system-node-critical": {
    value: 2_000_001_000,
    description: "Used for system critical pods that must not be moved from their current node.",
  },
  "system-cluster-critical": {
    value: 2_000_000_000,
    description:
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  },
};

/** Why a class with the reserved prefix is none of the system's. */
function systemFinding({ metadata, value = 0, globalDefault }: PriorityClass): string | undefined {
  const known = ownValue(systemPriorityClasses, metadata.name);
  if (known === undefined) return `${metadata.name} is not a known system priority class`;
  if (known.value !== value) {
    return `value of ${metadata.name} PriorityClass must be ${known.value}`;
  }
  return globalDefault === true
    ? `globalDefault of ${metadata.name} PriorityClass must be false`
    : undefined;
}

function validate(priorityClass: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  const { metadata, value = 0, preemptionPolicy } = priorityClass;
  if (metadata.name?.startsWith(SYSTEM_PREFIX)) {
    const finding = systemFinding(priorityClass);
    if (finding !== undefined) {
      const detail = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${finding}`;
      errors.push(forbiddenField("metadata.name", detail));
    }
  } else if (value > USER_VALUE_MAX) {
    const detail = `maximum allowed value of a user defined priority is ${USER_VALUE_MAX}`;
    errors.push(forbiddenField("value", detail));
  }
  checkEnum(errors, "preemptionPolicy", preemptionPolicy, ["PreemptLowerPriority", "Never"]);
  return errors;
}

export const priorityClassBehaviour: ResourceBehaviour<PriorityClass> = {
  storagePrefix: "priorityclasses",
  setDefaults(priorityClass) {
    priorityClass.preemptionPolicy ??= "PreemptLowerPriority";
  },
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate({ metadata }) {
      metadata.generation = 1;
    },
    validate,
    prepareForUpdate() {},
    validateUpdate(priorityClass, old) {
      const errors = repeatMetadataUpdate(priorityClass.metadata, old.metadata);
      if ((priorityClass.value ?? 0) !== (old.value ?? 0)) {
        errors.push(forbiddenField("value", "may not be changed in an update."));
      }
      const { preemptionPolicy } = priorityClass;
      errors.push(...immutableField(preemptionPolicy, old.preemptionPolicy, "preemptionPolicy"));
      return errors;
    },
  },
  refuseDelete({ metadata: { name } }) {
    if (!Object.hasOwn(systemPriorityClasses, name)) return undefined;
    const of = { group: "scheduling.k8s.io", resource: "priorityclasses" };
    return forbidden(of, name, "this is a system priority class and cannot be deleted");
  },
  cells: ({ metadata, value, globalDefault, preemptionPolicy }, now) => [
    metadata.name,
    value ?? 0,
    globalDefault ?? false,
    age(metadata.creationTimestamp, now),
    preemptionPolicy ?? "",
  ],
};
