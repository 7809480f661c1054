// Priority levels: how many requests may run at once, and which wait (upstream: pkg/apis/flowcontrol/validation).
import type {
  ExemptPriorityLevelConfiguration,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from "@coracle/shared/api/types/flowcontrol-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { internalForm } from "../core/pod/internal-form.ts";
import { deepEqual } from "../deep-equal.ts";
import { repeatObjectMeta } from "../metadata-validation.ts";
import { validateFlowConditions } from "./flow-control-conditions.ts";
import { mandatoryPriorityLevel } from "./mandatory-objects.ts";

const TYPES = ["Exempt", "Limited"];
const RESPONSES = ["Queue", "Reject"];
const QUEUES_MAX = 10_000_000;
const HASH_BITS_MAX = 60;
/** Kept for older versions only. */
const PRESERVE_ZERO = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares";

function setDefaults({ spec }: PriorityLevelConfiguration): void {
  if (spec.exempt) {
    spec.exempt.nominalConcurrencyShares ??= 0;
    spec.exempt.lendablePercent ??= 0;
  }
  if (!spec.limited) return;
  spec.limited.nominalConcurrencyShares ??= 30;
  spec.limited.lendablePercent ??= 0;
  const { queuing } = spec.limited.limitResponse ?? {};
  if (!queuing) return;
  queuing.handSize ||= 8;
  queuing.queues ||= 64;
  queuing.queueLengthLimit ||= 50;
}

function validateShares(
  { nominalConcurrencyShares: shares = 0 }: ExemptPriorityLevelConfiguration,
  path: string,
): FieldError[] {
  if (shares >= 0) return [];
  const detail = "must be a non-negative integer";
  return [invalidValue(`${path}.nominalConcurrencyShares`, shares, detail)];
}

function validateLendable(
  { lendablePercent: percent = 0 }: ExemptPriorityLevelConfiguration,
  path: string,
): FieldError[] {
  if (percent >= 0 && percent <= 100) return [];
  return [invalidValue(`${path}.lendablePercent`, percent, "must be between 0 and 100, inclusive")];
}

function validateLimited(limited: LimitedPriorityLevelConfiguration): FieldError[] {
  const path = "spec.limited";
  const errors = [
    ...validateShares(limited, path),
    ...validateResponse(limited.limitResponse ?? { type: "" }, `${path}.limitResponse`),
    ...validateLendable(limited, path),
  ];
  const { borrowingLimitPercent: borrowing = 0 } = limited;
  if (borrowing < 0) {
    const detail = "if specified, must be a non-negative integer";
    errors.push(invalidValue(`${path}.borrowingLimitPercent`, borrowing, detail));
  }
  return errors;
}

function validateResponse({ type, queuing }: LimitResponse, path: string): FieldError[] {
  if (!type) return [required(`${path}.type`)];
  if (type === "Reject") {
    const detail = "must be nil if limited.limitResponse.type is not Limited";
    return queuing === undefined ? [] : [forbiddenField(`${path}.queuing`, detail)];
  }
  if (type !== "Queue") return [notSupported(`${path}.type`, type, RESPONSES)];
  const detail = "must not be empty if limited.limitResponse.type is Limited";
  return queuing === undefined
    ? [required(`${path}.queuing`, detail)]
    : validateQueuing(queuing, `${path}.queuing`);
}

function validateQueuing(
  { queues = 0, handSize = 0, queueLengthLimit = 0 }: QueuingConfiguration,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (field: string, value: number, detail: string) =>
    errors.push(invalidValue(`${path}.${field}`, value, detail));
  if (queueLengthLimit <= 0) refuse("queueLengthLimit", queueLengthLimit, "must be positive");
  if (queues <= 0) refuse("queues", queues, "must be positive");
  else if (queues > QUEUES_MAX) {
    refuse("queues", queues, `must not be greater than ${QUEUES_MAX}`);
  }
  if (handSize <= 0) refuse("handSize", handSize, "must be positive");
  else if (handSize > queues) {
    refuse("handSize", handSize, `should not be greater than queues (${queues})`);
  } else if (Math.ceil(Math.log2(queues) * handSize) > HASH_BITS_MAX) {
    const detail = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS_MAX}`;
    refuse("handSize", handSize, detail);
  }
  return errors;
}

function validateSpec({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const { type = "", limited, exempt } = spec;
  const errors: FieldError[] = [];
  if ((metadata.name === "exempt") !== (type === "Exempt")) {
    const detail = "must be 'Exempt' if and only if `name` is 'exempt'";
    errors.push(invalidValue("spec.type", type, detail));
  }
  if (type === "") return [...errors, required("spec.type")];
  if (!TYPES.includes(type)) return [...errors, notSupported("spec.type", type, TYPES)];
  if (type === "Exempt") {
    if (limited !== undefined) {
      errors.push(forbiddenField("spec.limited", "must be nil if the type is not Limited"));
    }
    if (exempt === undefined) return errors;
    const path = "spec.exempt";
    return [...errors, ...validateShares(exempt, path), ...validateLendable(exempt, path)];
  }
  if (exempt !== undefined) {
    errors.push(forbiddenField("spec.exempt", "must be nil if the type is Limited"));
  }
  if (limited !== undefined) return [...errors, ...validateLimited(limited)];
  return [...errors, required("spec.limited", "must not be empty when type is Limited")];
}

/** Of "exempt", only what its `exempt` says may be changed; of "catch-all", nothing. */
function validateMandatory({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const { name } = metadata;
  const fixed = mandatoryPriorityLevel(name);
  if (fixed === undefined) return [];
  const isExempt = name === "exempt";
  if (deepEqual(isExempt ? { ...spec, exempt: fixed.exempt } : spec, fixed)) return [];
  const shown = internalForm("flowcontrol.PriorityLevelConfigurationSpec", spec);
  const what = isExempt ? `'${name}' except the 'spec.exempt' field` : `'${name}'`;
  return [invalidValue("spec", shown, `spec of ${what} must equal the fixed value`)];
}

function validate(level: PriorityLevelConfiguration): FieldError[] {
  const errors: FieldError[] = [];
  if (level.metadata.annotations?.[PRESERVE_ZERO] !== undefined) {
    const detail = `annotation '${PRESERVE_ZERO}' is forbidden`;
    errors.push(forbiddenField("metadata.annotations", detail));
  }
  return [...errors, ...validateSpec(level), ...validateMandatory(level)];
}

export const priorityLevelConfigurationBehaviour: ResourceBehaviour<PriorityLevelConfiguration> = {
  storagePrefix: "prioritylevelconfigurations",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(level) {
      level.status = {};
      level.metadata.generation = 1;
    },
    validate,
    prepareForUpdate(level, old) {
      level.status = old.status;
      if (deepEqual(level.spec, old.spec)) return;
      level.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: (level) => [
      ...repeatObjectMeta(level.metadata, false, isDns1123Subdomain),
      ...validate(level),
      ...validateFlowConditions(level.status),
    ],
  },
  statusStrategy: {
    prepareForUpdate(level, old) {
      level.spec = old.spec;
      level.metadata = { ...old.metadata, managedFields: level.metadata.managedFields };
    },
    validateUpdate: ({ status }) => validateFlowConditions(status),
  },
  cells({ metadata, spec }, now) {
    const { limited } = spec;
    const { queuing } = limited?.limitResponse ?? {};
    return [
      metadata.name,
      spec.type ?? "",
      limited === undefined ? "<none>" : (limited.nominalConcurrencyShares ?? 0),
      queuing?.queues ?? "<none>",
      queuing?.handSize ?? "<none>",
      queuing?.queueLengthLimit ?? "<none>",
      age(metadata.creationTimestamp, now),
    ];
  },
};
