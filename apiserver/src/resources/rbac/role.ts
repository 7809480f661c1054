import type { Role } from "@coracle/shared/api/types/rbac-v1";
import { isPathSegmentName } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { prepareRules, validateRules } from "./policy-rules.ts";

export const roleBehaviour: ResourceBehaviour<Role> = {
  storagePrefix: "roles",
  setDefaults() {},
  validateName: isPathSegmentName,
  strategy: {
    allowCreateOnUpdate: true,
    prepareForCreate: prepareRules,
    validate: ({ rules }) => validateRules(rules, true),
    prepareForUpdate: prepareRules,
    validateUpdate: (role, old) => [
      ...repeatObjectMeta(role.metadata, true, isPathSegmentName),
      ...validateRules(role.rules, true),
      ...repeatMetadataUpdate(role.metadata, old.metadata),
    ],
  },
  cells: ({ metadata }) => [metadata.name, metadata.creationTimestamp ?? null],
};
