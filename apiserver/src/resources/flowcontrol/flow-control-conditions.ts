import { duplicate, required } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";

/** Conditions of flow schemas and priority levels have a type, each another one; nothing else is asked. */
export function validateFlowConditions({
  conditions = [],
}: {
  conditions?: { type?: string }[];
} = {}): FieldError[] {
  const seen = new Set<string>();
  return conditions.flatMap(({ type = "" }, i) => {
    const path = `status.conditions[${i}].type`;
    const errors: FieldError[] = [];
    if (seen.has(type)) errors.push(duplicate(path, type));
    seen.add(type);
    if (type === "") errors.push(required(path));
    return errors;
  });
}
