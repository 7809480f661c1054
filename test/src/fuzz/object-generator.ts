// Objects of any kind out of the facts alone: every field of a type has its chance, with a value of its type or of none.
import {
  enumFacts,
  type FieldFact,
  type ResourceFact,
  typeFacts,
  typeNameOf,
} from "@coracle/shared/api/facts";
import type { Random } from "@coracle/shared/runtime/random";
import { chance, extremeForm, pick, texts } from "./extremes.ts";
import type { JsonForm } from "./json-form.ts";

const DEPTH_MAX = 12;

const strings = ["a", "a", "web", "v1", "Always", "10%", "TCP", "*", "apps", "get", ...texts];
const quantities = ["1", "100m", "1Gi", "0", "-1", "1e3", "1.5", "12E", "1e2147483647", "0.1n"];
const times = ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.123456Z", "2999-01-01T00:00:00+01:00"];

const scalars: Readonly<Record<string, (random: Random) => JsonForm>> = {
  string: (random) => pick(random, strings),
  int32: (random) => pick(random, [0, 1, -1, 80, 65535, 65536, 2147483647]),
  int64: (random) => pick(random, [0, 1, -1, 30, 2 ** 53, { raw: "9223372036854775807" }]),
  integer: (random) => pick(random, [0, 1, -1]),
  double: (random) => pick(random, [0, 1.5, { raw: "1e308" }]),
  boolean: (random) => chance(random, 0.5),
  bytes: (random) => pick(random, ["", "AA==", "YQ==", "*", "A"]),
  Quantity: (random) => pick(random, quantities),
  IntOrString: (random) => pick(random, [0, 1, "1", "10%", "-5%", "101%", "x"]),
  Time: (random) => pick(random, times),
  MicroTime: (random) => pick(random, times),
  Duration: (random) => pick(random, ["1s", "1h", "-1ns", "x"]),
};

/** `typeName`'s object without kind and apiVersion. */
export function generateObject(random: Random, typeName: string, depth = 0): JsonForm {
  const members: [string, JsonForm][] = [];
  const likely = depth === 0 ? 0.9 : depth < 4 ? 0.35 : 0.15;
  for (const field of typeFacts[typeName]?.fields ?? []) {
    if (field.inline === true || field.name === "") continue;
    if (!chance(random, field.required === true ? 0.95 : likely)) continue;
    members.push([field.name, randomValue(random, field.type, depth + 1)]);
  }
  return { members };
}

function randomValue(random: Random, type: FieldFact["type"], depth: number): JsonForm {
  if (chance(random, 0.03)) return extremeForm(random);
  if (type.startsWith("enum:")) {
    return pick(random, [...(enumFacts[type.slice(5)] ?? []), "Nonsense"]);
  }
  if (type.startsWith("[]")) {
    const list = Array.from({ length: 1 + random.integer(2) }, () =>
      randomValue(random, type.slice(2), depth + 1),
    );
    return { list };
  }
  if (type.startsWith("map:")) {
    return { members: [[pick(random, strings), randomValue(random, type.slice(4), depth + 1)]] };
  }
  const scalar = scalars[type];
  if (scalar !== undefined) return scalar(random);
  if (typeFacts[type] === undefined || depth > DEPTH_MAX) return extremeForm(random);
  return generateObject(random, type, depth);
}

/** A whole object of a resource's kind, whose name is as a rule a good one. */
export function generateFor(random: Random, fact: ResourceFact, namespace: string): JsonForm {
  const { group = "", version, kind } = fact;
  const typeName = typeNameOf(group, version, kind);
  const form = typeName === undefined ? extremeForm(random) : generateObject(random, typeName);
  if (typeof form !== "object" || form === null || !("members" in form)) return form;
  const rest = form.members.filter(([key]) => !["kind", "apiVersion", "metadata"].includes(key));
  const metadata: JsonForm = {
    members: [
      ["name", chance(random, 0.95) ? `fuzz-${random.integer(50)}` : pick(random, texts)],
      ...(fact.scope === "Namespaced" && chance(random, 0.2)
        ? [["namespace", namespace] as [string, JsonForm]]
        : []),
      ...(chance(random, 0.2) ? [["labels", { members: [["a", "b"]] }] as [string, JsonForm]] : []),
    ],
  };
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return {
    members: [["kind", kind], ["apiVersion", apiVersion], ["metadata", metadata], ...rest],
  };
}
