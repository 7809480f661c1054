import type { Lease } from "@coracle/shared/api/types/coordination-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { nonNegative } from "../field-rules.ts";
import { validateMetadataChange } from "../metadata-validation.ts";

function validateSpec({ spec }: Lease): FieldError[] {
  const errors: FieldError[] = [];
  const seconds = spec.leaseDurationSeconds;
  if (seconds !== undefined && seconds <= 0) {
    errors.push(invalidValue("spec.leaseDurationSeconds", seconds, "must be greater than 0"));
  }
  errors.push(...nonNegative(spec.leaseTransitions, "spec.leaseTransitions"));
  return errors;
}

/** Coordinated leader election is off by default upstream, and its fields are dropped. */
function dropCoordination({ spec }: Lease): void {
  delete spec.strategy;
  delete spec.preferredHolder;
}

export const leaseBehaviour: ResourceBehaviour<Lease> = {
  storagePrefix: "leases",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
    prepareForCreate: dropCoordination,
    validate: validateSpec,
    prepareForUpdate: dropCoordination,
    validateUpdate: (lease, old) => [
      ...validateMetadataChange(lease.metadata, old.metadata),
      ...validateSpec(lease),
    ],
  },
  cells: ({ metadata, spec }, now) => [
    metadata.name,
    spec.holderIdentity ?? "",
    age(metadata.creationTimestamp, now),
  ],
};
