// Requests for subresources that take one: status, scale, eviction, token, binding, approval and the like, with bodies of their
// own kind, so that most get as far as validation.
import { type ResourceFact, resourceFacts, typeNameOf } from "@coracle/shared/api/facts";
import type { Random } from "@coracle/shared/runtime/random";
import { type Corpus, collectionOf, kindsOf, type SeedObject } from "./corpus.ts";
import { chance, pick } from "./extremes.ts";
import type { Family } from "./fuzz-request.ts";
import { formOf, type JsonForm, printForm } from "./json-form.ts";
import { mutateForm } from "./mutations.ts";
import { generateObject } from "./object-generator.ts";
import { mutatedQuery, writeParameters } from "./query-mutations.ts";

type Subresource = NonNullable<ResourceFact["subresources"]>[number];

/** Those that are streams have a family of their own. */
const STREAMS = new Set(["attach", "exec", "log", "portforward", "proxy"]);

const served = resourceFacts.flatMap((fact) =>
  (fact.subresources ?? [])
    .filter(({ name }) => !STREAMS.has(name))
    .map((subresource) => ({ fact, subresource })),
);

const methods: Readonly<Record<string, string>> = {
  get: "GET",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
};

const good: Readonly<Record<string, readonly object[]>> = {
  Scale: [{ spec: { replicas: 3 } }, { spec: {} }, { spec: { replicas: -1 } }],
  Eviction: [{}, { deleteOptions: { gracePeriodSeconds: 0, dryRun: ["All"] } }],
  Binding: [{ target: { kind: "Node", name: "fuzz-node" } }, { target: { name: "fuzz-plain" } }],
  TokenRequest: [
    { spec: { audiences: ["api"], expirationSeconds: 600 } },
    { spec: { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "running" } } },
    { spec: { boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "fuzz-plain" } } },
  ],
};

const withMember = (form: JsonForm, name: string, value: JsonForm): JsonForm =>
  typeof form === "object" && form !== null && "members" in form
    ? { members: [...form.members.filter(([key]) => key !== name), [name, value]] }
    : form;

const member = (form: JsonForm, name: string): JsonForm =>
  typeof form === "object" && form !== null && "members" in form
    ? (form.members.find(([key]) => key === name)?.[1] ?? { members: [] })
    : { members: [] };

/** The object with a new status, or a new spec where the subresource is about that. */
function objectForm(random: Random, { fact, subresource }: (typeof served)[number], from: object) {
  const { group = "", version, kind } = fact;
  const typeName = typeNameOf(group, version, kind);
  const changes = ["resize", "ephemeralcontainers", "finalize"].includes(subresource.name)
    ? "spec"
    : "status";
  const form = formOf(structuredClone(from));
  if (typeName === undefined || changes === "spec") return form;
  return withMember(form, changes, member(generateObject(random, typeName), changes));
}

function bodyForm(random: Random, at: (typeof served)[number], object: SeedObject): JsonForm {
  const { kind, kindGroup, kindVersion } = at.subresource as Subresource;
  if (kind === at.fact.kind) return objectForm(random, at, object.body);
  const apiVersion = kindGroup === "" ? "v1" : `${kindGroup}/${kindVersion}`;
  const rest = pick(random, good[kind] ?? [{}]);
  return formOf({ kind, apiVersion, metadata: { name: object.name }, ...structuredClone(rest) });
}

const patchTypes = [
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];

export const subresourceFamilies = (corpus: Corpus): readonly (readonly [number, Family])[] => {
  const kinds = new Map(kindsOf(corpus).map((objects) => [objects[0]?.collection, objects]));
  const family: Family = (random) => {
    const at = pick(random, served);
    const collection = collectionOf(at.fact);
    const missing = { collection, name: "fuzz-none", body: {} };
    const object = pick(random, kinds.get(collection) ?? [missing]);
    const method = methods[pick(random, at.subresource.verbs)] ?? "POST";
    const form = bodyForm(random, at, object);
    const body = printForm(chance(random, 0.7) ? mutateForm(random, form) : form);
    const type = method === "PATCH" ? pick(random, patchTypes) : "application/json";
    const query = chance(random, 0.3) ? mutatedQuery(random, writeParameters, 2) : "";
    const manager = type.includes("apply") ? "?fieldManager=fuzz&force=true" : query;
    return {
      family: "subresource",
      method,
      path: `${collection}/${object.name}/${at.subresource.name}${manager}`,
      headers: { "content-type": type },
      ...(method === "GET" ? {} : { body: Buffer.from(body) }),
    };
  };
  return [[8, family]];
};
