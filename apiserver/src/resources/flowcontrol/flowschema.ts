import type { FlowSchema } from "@coracle/shared/api/types/flowcontrol-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { deepEqual } from "../deep-equal.ts";
import { repeatObjectMeta } from "../metadata-validation.ts";
import { validateFlowConditions } from "./flow-control-conditions.ts";
import { validateFlowSchema } from "./flow-schema-validation.ts";

const DEFAULT_PRECEDENCE = 1000;

/** Schemas in the order in which requests are matched against them. */
function tableOrder(a: FlowSchema, b: FlowSchema): number {
  const byPrecedence = (a.spec.matchingPrecedence ?? 0) - (b.spec.matchingPrecedence ?? 0);
  return byPrecedence || (a.metadata.name < b.metadata.name ? -1 : 1);
}

export const flowSchemaBehaviour: ResourceBehaviour<FlowSchema> = {
  storagePrefix: "flowschemas",
  setDefaults({ spec }) {
    if (!spec.matchingPrecedence) spec.matchingPrecedence = DEFAULT_PRECEDENCE;
  },
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(schema) {
      schema.status = {};
      schema.metadata.generation = 1;
    },
    validate: validateFlowSchema,
    prepareForUpdate(schema, old) {
      schema.status = old.status;
      if (deepEqual(schema.spec, old.spec)) return;
      schema.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: (schema) => [
      ...repeatObjectMeta(schema.metadata, false, isDns1123Subdomain),
      ...validateFlowSchema(schema),
      ...validateFlowConditions(schema.status),
    ],
  },
  statusStrategy: {
    prepareForUpdate(schema, old) {
      schema.spec = old.spec;
      schema.metadata = { ...old.metadata, managedFields: schema.metadata.managedFields };
    },
    validateUpdate: ({ status }) => validateFlowConditions(status),
  },
  tableOrder,
  cells: ({ metadata, spec, status }, now) => [
    metadata.name,
    spec.priorityLevelConfiguration?.name ?? "",
    spec.matchingPrecedence ?? 0,
    spec.distinguisherMethod?.type ?? "<none>",
    age(metadata.creationTimestamp, now),
    status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?",
  ],
};
