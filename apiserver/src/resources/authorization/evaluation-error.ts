// What of a review's selectors could not be understood (upstream: pkg/registry/authorization/util BuildEvaluationError).
import type { ResourceAttributes } from "@coracle/shared/api/types/authorization-v1";
import { FieldSelectorError, parseFieldSelector } from "@coracle/shared/machinery/field-selector";
import { parseLabelSelector, SelectorError } from "@coracle/shared/machinery/selector";

const LABEL_OPERATORS = new Set(["In", "NotIn", "Exists", "DoesNotExist"]);
const FIELD_OPERATORS = new Set(["In", "NotIn"]);

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof FieldSelectorError || error instanceof SelectorError) return false;
    throw error;
  }
}

function finding(
  name: string,
  rawParses: boolean,
  understood: readonly boolean[],
): string | undefined {
  if (rawParses && understood.every(Boolean)) return undefined;
  const how = understood.some(Boolean) ? "partially ignored" : "ignored";
  return `spec.resourceAttributes.${name} ${how} due to parse error`;
}

/** "" when all was understood. */
export function evaluationError({ fieldSelector, labelSelector }: ResourceAttributes): string {
  const fields = fieldSelector?.rawSelector ?? "";
  const labels = labelSelector?.rawSelector ?? "";
  return [
    finding(
      "fieldSelector",
      parses(() => parseFieldSelector(fields)),
      (fieldSelector?.requirements ?? []).map(
        ({ operator, values = [] }) => FIELD_OPERATORS.has(operator) && values.length === 1,
      ),
    ),
    finding(
      "labelSelector",
      parses(() => parseLabelSelector(labels)),
      (labelSelector?.requirements ?? []).map(({ operator }) => LABEL_OPERATORS.has(operator)),
    ),
  ]
    .filter((text) => text !== undefined)
    .join("; ");
}
