// Upstream prints some values (in findings, and the difference of an update) in the form of its internal types: Go's field
// names in the order of the struct, nothing left out. The two facts/internal-shapes.json list these structs (read off
// k8s.io/kubernetes pkg/apis 1.36 by reflection): [Go name, JSON name in v1, kind, type].
import type { PodSpec } from "@coracle/shared/api/types/core-v1";
import otherShapesJson from "../../facts/internal-shapes.json" with { type: "json" };
import shapesJson from "./facts/internal-shapes.json" with { type: "json" };

type Row = [go: string, json: string, kind: string, type?: string];
type Fields = Record<string, unknown>;

/** Those of other groups are named with their group: `resource.DeviceClaim`. */
const shapes = { ...shapesJson, ...otherShapesJson } as unknown as Readonly<
  Record<string, readonly Row[]>
>;

const ZEROS: Readonly<Record<string, unknown>> = {
  string: "",
  bool: false,
  number: 0,
  quantity: "0",
  intOrString: 0,
};

/** A v1 value as upstream's internal type `type` prints. */
export function internalForm(type: string, value: object | undefined): Fields {
  return formOf(type, (value ?? {}) as Fields, {});
}

/** Host namespaces are part of the security context in the internal form, hence `spec`. */
export function internalPodSpec(spec: PodSpec): Fields {
  return formOf("PodSpec", spec as unknown as Fields, spec as unknown as Fields);
}

/** As Go prints indented JSON: fit for a page. */
export function printed(form: Fields): string {
  return JSON.stringify(form, null, " ").replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function formOf(type: string, value: Fields, spec: Fields): Fields {
  const form: Fields = {};
  for (const [go, json, kind, inner] of shapes[type] ?? []) {
    if (json === "" && inner !== undefined) {
      // Embedded: its members stand in the parent. Metadata keeps its own names.
      if (inner === "meta.ObjectMeta") Object.assign(form, value.metadata);
      else Object.assign(form, formOf(inner, value, spec));
      continue;
    }
    const given = json.startsWith("spec:") ? spec[json.slice(5)] : value[json];
    if (kind.startsWith("?")) {
      if (given != null) form[go] = fieldOf(kind.slice(1), inner, given, spec);
    } else {
      form[go] = fieldOf(kind, inner, given, spec);
    }
  }
  return form;
}

function fieldOf(kind: string, type: string | undefined, given: unknown, spec: Fields): unknown {
  if (kind.startsWith("*")) return given == null ? null : fieldOf(kind.slice(1), type, given, spec);
  if (kind.startsWith("[]")) {
    if (!Array.isArray(given) || given.length === 0) return null;
    return given.map((item) => fieldOf(kind.slice(2), type, item, spec));
  }
  if (kind.startsWith("map:")) {
    if (given == null) return null;
    const entries = Object.entries(given as Fields).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(
      entries.map(([key, member]) => [key, fieldOf(kind.slice(4), type, member, spec)]),
    );
  }
  if (kind === "struct") return formOf(type as string, (given ?? {}) as Fields, spec);
  return given ?? ZEROS[kind];
}
