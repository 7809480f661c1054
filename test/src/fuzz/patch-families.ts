// PATCH of all four types, on objects that are there as a rule.
import type { Random } from "@coracle/shared/runtime/random";
import { mutatedYaml } from "./body-families.ts";
import { type Corpus, pickObject, type SeedObject } from "./corpus.ts";
import { chance, extremeForm, names, nest, pick } from "./extremes.ts";
import type { Family, FuzzRequest } from "./fuzz-request.ts";
import { childrenOf, formOf, isContainer, type JsonForm, printForm } from "./json-form.ts";
import { mutateBytes, mutateForm } from "./mutations.ts";
import { mutatedQuery, writeParameters } from "./query-mutations.ts";

const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;
type PatchType = keyof typeof patchTypes;

const subresources = ["", "", "", "", "", "", "", "", "", "/status", "/scale", "/resize"];

function patch(
  random: Random,
  { collection, name }: Pick<SeedObject, "collection" | "name">,
  type: PatchType,
  body: Buffer,
): FuzzRequest {
  const query = chance(random, 0.4) ? mutatedQuery(random, writeParameters, 3) : "";
  const forApply = query === "" ? "?fieldManager=fuzz&force=true" : query;
  return {
    family: `patch ${type}`,
    method: "PATCH",
    path: `${collection}/${name}${pick(random, subresources)}${type === "apply" ? forApply : query}`,
    headers: { "content-type": patchTypes[type] },
    body: chance(random, 0.1) ? mutateBytes(random, body) : body,
  };
}

/** JSON pointers into a document. */
function pointersIn(form: JsonForm, at = ""): string[] {
  if (!isContainer(form)) return [at];
  const keys =
    "list" in form ? form.list.map((_, index) => String(index)) : form.members.map(([key]) => key);
  const escaped = keys.map((key) => key.replaceAll("~", "~0").replaceAll("/", "~1"));
  const inner = childrenOf(form).flatMap((child, i) => pointersIn(child, `${at}/${escaped[i]}`));
  return [at, ...inner];
}

const oddPointers: readonly string[] = [
  "",
  "/",
  "a",
  "//",
  "/-",
  "/metadata/labels/~2",
  "/metadata/labels/~",
  "/spec/containers/-1",
  "/spec/containers/-",
  "/spec/containers/99999999999999999999",
  "/spec/containers/1e3",
  "/__proto__/x",
  "/constructor/prototype/x",
  "/metadata/__proto__/polluted",
  "/metadata/labels/__proto__",
  "/metadata/managedFields/0/fieldsV1",
  "/metadata/managedFields",
  "/metadata/resourceVersion",
  "/metadata/uid",
  "/metadata/name",
  "/metadata",
  "/kind",
  "/status",
  `/${"a/".repeat(10_001)}`,
];

/** One that has a chance. */
function plainOperation(random: Random, pointer: string): JsonForm {
  const value = pick(random, ["a", "b", 1, 0, true, null, { a: "b" }, [], ["a"]]);
  const labels = [
    { op: "add", path: "/metadata/labels", value: { a: "b" } },
    { op: "add", path: "/metadata/annotations", value: { a: "b", c: String(random.integer(9)) } },
  ];
  const others = [
    { op: "remove", path: pointer },
    { op: "replace", path: pointer, value },
    { op: "copy", from: pointer, path: pointer },
    { op: "add", path: pointer, value },
  ];
  return formOf(chance(random, 0.5) ? pick(random, labels) : pick(random, others));
}

function operation(random: Random, pointers: readonly string[]): JsonForm {
  const pointer = () => pick(random, chance(random, 0.9) ? pointers : oddPointers);
  if (chance(random, 0.4)) return plainOperation(random, pointer());
  const op = pick(random, ["add", "add", "remove", "replace", "move", "copy", "test", "x", ""]);
  const members: [string, JsonForm][] = [
    ["op", op],
    ["path", pointer()],
  ];
  if (chance(random, 0.7)) members.push(["value", extremeForm(random)]);
  if (op === "move" || op === "copy" || chance(random, 0.1)) members.push(["from", pointer()]);
  const form: JsonForm = { members };
  return chance(random, 0.1) ? mutateForm(random, form) : form;
}

/** Each copy doubles the document. */
function copyBomb(random: Random): JsonForm {
  const times = 5 + random.integer(60);
  const one = { op: "copy", from: "/metadata", path: "/metadata/annotations" };
  const two = { op: "copy", from: "/metadata", path: "/metadata/labels" };
  return formOf(Array.from({ length: times }, (_, i) => (i % 2 === 0 ? one : two)));
}

const jsonPatch =
  (corpus: Corpus): Family =>
  (random) => {
    const object = pickObject(random, corpus);
    const pointers = pointersIn(formOf(object.body));
    const count = 1 + random.integer(chance(random, 0.03) ? 300 : chance(random, 0.7) ? 1 : 4);
    let form: JsonForm = { list: Array.from({ length: count }, () => operation(random, pointers)) };
    const odd = random.next();
    if (odd < 0.03) form = copyBomb(random);
    else if (odd < 0.06) form = { raw: nest(random) };
    return patch(random, object, "json", Buffer.from(printForm(form)));
  };

/** A part of the object, changed. */
function partOf(random: Random, object: SeedObject): JsonForm {
  const form = formOf(structuredClone(object.body));
  if (typeof form === "object" && form !== null && "members" in form) {
    form.members = form.members.filter(() => chance(random, 0.6));
  }
  return mutateForm(random, form);
}

const mergePatch =
  (corpus: Corpus): Family =>
  (random) => {
    const object = pickObject(random, corpus);
    const form = chance(random, 0.04) ? { raw: nest(random) } : partOf(random, object);
    return patch(random, object, "merge", Buffer.from(printForm(form)));
  };

function addDirectives(random: Random, form: JsonForm): void {
  if (!isContainer(form)) return;
  for (const child of childrenOf(form)) if (chance(random, 0.5)) addDirectives(random, child);
  if ("list" in form) {
    const item: JsonForm = {
      members: [
        ["$patch", pick(random, ["delete", "replace", "merge", "x", ...names])],
        ...(chance(random, 0.7) ? [["name", pick(random, names)] as [string, JsonForm]] : []),
      ],
    };
    if (chance(random, 0.4)) form.list.push(item);
    return;
  }
  const keys = form.members.map(([key]) => key);
  const key = keys.length === 0 ? "a" : pick(random, keys);
  const directives: readonly [string, JsonForm][] = [
    ["$patch", pick(random, ["delete", "replace", "merge", "x"])],
    ["$patch", extremeForm(random)],
    ["$retainKeys", formOf(keys.slice(0, 2))],
    ["$retainKeys", extremeForm(random)],
    [`$setElementOrder/${key}`, formOf([{ name: "a" }, { name: "b" }])],
    [`$setElementOrder/${key}`, formOf(["a", 1, null])],
    [`$setElementOrder/${key}`, extremeForm(random)],
    [`$deleteFromPrimitiveList/${key}`, formOf(["a", 1])],
    [`$deleteFromPrimitiveList/${key}`, extremeForm(random)],
  ];
  if (chance(random, 0.6)) form.members.push(pick(random, directives));
}

const strategicPatch =
  (corpus: Corpus): Family =>
  (random) => {
    const object = pickObject(random, corpus);
    const form = chance(random, 0.04) ? { raw: nest(random) } : partOf(random, object);
    if (chance(random, 0.7)) addDirectives(random, form);
    return patch(random, object, "strategic", Buffer.from(printForm(form)));
  };

const applyPatch =
  (corpus: Corpus): Family =>
  (random) => {
    const { collection, name, body } = pickObject(random, corpus);
    const target = chance(random, 0.8) ? name : `fuzz-${random.integer(50)}`;
    const named = {
      ...body,
      metadata: { ...(body.metadata as object), name: target },
    };
    const text = chance(random, 0.5)
      ? mutatedYaml(random, named)
      : Buffer.from(printForm(mutateForm(random, formOf(structuredClone(named)))));
    return patch(random, { collection, name: target }, "apply", text);
  };

/** A recorded patch, changed. */
const recordedPatch =
  (corpus: Corpus): Family =>
  (random) => {
    const { path, headers, body } = pick(random, corpus.patches);
    const form = mutateForm(random, formOf(structuredClone(body)));
    const text = typeof body === "string" ? body : printForm(form);
    const type = { "content-type": patchTypes.merge, ...headers };
    return {
      family: "recorded patch",
      method: "PATCH",
      path,
      headers: type,
      body: typeof body === "string" ? mutateBytes(random, Buffer.from(text)) : Buffer.from(text),
    };
  };

export const patchFamilies = (corpus: Corpus): readonly (readonly [number, Family])[] => [
  [6, jsonPatch(corpus)],
  [5, mergePatch(corpus)],
  [7, strategicPatch(corpus)],
  [8, applyPatch(corpus)],
  ...(corpus.patches.length === 0 ? [] : [[4, recordedPatch(corpus)] as const]),
];
