// What strategic merge needs to know of a type, compiled once from the field facts: for each field
// its merge strategy, its merge key and the type below it.
import { typeFacts } from "@coracle/shared/api/facts";

export interface PatchField {
  /** `merge` (lists only), `replace`, or "" for the default: maps merge, lists are replaced. */
  strategy: string;
  mergeKey: string;
  /** The field's own type. */
  type: PatchType;
}

/** `struct` has fields; `map` and `slice` an element. `goName` appears in upstream's errors. */
export interface PatchType {
  kind: "struct" | "map" | "slice" | "string";
  goName: string;
  fields: ReadonlyMap<string, PatchField>;
  element: PatchType | undefined;
}

const compiled = new Map<string, PatchType>();
const noFields: ReadonlyMap<string, PatchField> = new Map();

/**
 * Compiles `[]T`, `map:T`, a scalar, or a full type name (`io.k8s.api.core.v1.Pod`). Types may
 * refer to themselves.
 */
export function patchTypeOf(type: string): PatchType {
  const known = compiled.get(type);
  if (known !== undefined) return known;
  const kind = kindOf(type);
  const fields = new Map<string, PatchField>();
  const goName = type.slice(type.lastIndexOf(".") + 1);
  const result: PatchType = { kind, goName, fields: noFields, element: undefined };
  compiled.set(type, result);
  if (kind === "slice") result.element = patchTypeOf(type.slice(2));
  else if (kind === "map") result.element = patchTypeOf(type.slice(4));
  else if (kind === "struct") {
    addFields(type, fields);
    result.fields = fields;
  }
  return result;
}

function kindOf(type: string): PatchType["kind"] {
  if (type.startsWith("[]")) return "slice";
  if (type.startsWith("map:")) return "map";
  // These are structs in Go, even where their JSON is free: lookups in them fail by field name.
  if (type in typeFacts || /^(RawExtension|FieldsV1|any)$/.test(type)) return "struct";
  return "string";
}

function addFields(type: string, fields: Map<string, PatchField>): void {
  for (const fact of typeFacts[type]?.fields ?? []) {
    if (fact.inline) {
      addFields(fact.type, fields);
      continue;
    }
    const strategies = (fact.patchStrategy ?? "").split(",");
    fields.set(fact.name, {
      strategy: strategies.find((s) => s !== "retainKeys") ?? "",
      mergeKey: fact.patchMergeKey ?? "",
      type: patchTypeOf(fact.type),
    });
  }
}
