// Label and field selectors of a request as one predicate over cached objects.

import { FieldSelectorError, parseFieldSelector } from "@coracle/shared/machinery/field-selector";
import { ownValue } from "@coracle/shared/machinery/own-value";
import { parseLabelSelector, SelectorError } from "@coracle/shared/machinery/selector";
import { badRequest } from "@coracle/shared/machinery/status-error";
import type { ServedResource } from "../registry/served-resource.ts";
import type { CachedObject, Predicate } from "../storage/watch-cache.ts";
import type { ListOptions } from "./options.ts";

export interface Selection {
  /** Absent when everything matches. */
  predicate?: Predicate;
  /** Set when the selector names one object. */
  name?: string;
  /** The first exact requirement on another field: the cache wakes watchers by it. */
  field?: { name: string; value: string };
  /** The same text selects the same objects. */
  key: string;
}

function fieldValue(object: CachedObject, field: string): string {
  if (field === "metadata.name") return object.name;
  if (field === "metadata.namespace") return object.namespace;
  return ownValue(object.fields, field) ?? "";
}

/** Throws 400 with upstream's words for what does not parse and for fields that the kind does not select by. */
export function selectionOf(resource: ServedResource, options: ListOptions): Selection {
  const tests: Predicate[] = [];
  const key = `${options.labelSelector}\n${options.fieldSelector}`;
  const selection: Selection = { key };
  if (options.labelSelector !== "") {
    const selector = parsed(() => parseLabelSelector(options.labelSelector));
    tests.push((object) => selector.matches(object.labels ?? {}));
  }
  if (options.fieldSelector !== "") {
    const supported = resource.fact.fieldSelectors ?? ["metadata.name", "metadata.namespace"];
    const { requirements } = parsed(() => parseFieldSelector(options.fieldSelector));
    for (const { field, operator, value } of requirements) {
      if (!supported.includes(field))
        throw badRequest(unsupported(field, resource.fact.kind, supported));
      if (operator === "!=") {
        tests.push((object) => fieldValue(object, field) !== value);
        continue;
      }
      tests.push((object) => fieldValue(object, field) === value);
      if (field === "metadata.name") selection.name = value;
      else if (!field.startsWith("metadata.")) selection.field ??= { name: field, value };
    }
  }
  const [first] = tests;
  if (first !== undefined) {
    selection.predicate =
      tests.length === 1 ? first : (object) => tests.every((test) => test(object));
  }
  return selection;
}

/** Kinds that select by nothing of their own have words of their own. */
function unsupported(field: string, kind: string, supported: readonly string[]): string {
  const quoted = JSON.stringify(field);
  if (supported.every((name) => name.startsWith("metadata."))) {
    return `${quoted} is not a known field selector: only "metadata.name", "metadata.namespace"`;
  }
  if (kind === "ResourceSlice") {
    return `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${field}`;
  }
  if (kind === "Job") return `field label ${quoted} not supported for Job`;
  return `field label not supported: ${field}`;
}

/** What does not parse is the client's mistake. */
function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FieldSelectorError || error instanceof SelectorError) {
      throw badRequest(error.message);
    }
    throw error;
  }
}
