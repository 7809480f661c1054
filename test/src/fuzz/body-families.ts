// Requests whose body is the matter: manifests as JSON, YAML and protobuf, options of deletes, reviews and other actions.
import { encodeProtobuf } from "@coracle/apiserver/encoding/protobuf";
import { type ResourceFact, resourceFacts } from "@coracle/shared/api/facts";
import type { Random } from "@coracle/shared/runtime/random";
import { stringify } from "yaml";
import { accepts } from "./address-families.ts";
import { type Corpus, collectionOf, NAMESPACE, pickObject, type Seed, VICTIM } from "./corpus.ts";
import { chance, extremeForm, nest, pick } from "./extremes.ts";
import type { Family, FuzzRequest } from "./fuzz-request.ts";
import { formOf, type JsonForm, printForm } from "./json-form.ts";
import { mutateBytes, mutateForm } from "./mutations.ts";
import { generateFor } from "./object-generator.ts";
import { deleteParameters, mutatedQuery, writeParameters } from "./query-mutations.ts";

const NAMES = 150;
const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";
const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";
const creatable = resourceFacts.filter(({ verbs }) => verbs.includes("create"));

/** So that it is not there yet, as a rule. */
function renamed(random: Random, body: unknown): unknown {
  const { metadata } = (body ?? {}) as { metadata?: { name?: unknown } };
  if (typeof metadata?.name !== "string") return body;
  const name = `fuzz-${random.integer(NAMES)}`;
  return { ...(body as object), metadata: { ...metadata, name } };
}

/** A create, or an update of what is there. */
function addressed(random: Random, corpus: Corpus): Omit<Seed, "headers"> {
  if (chance(random, 0.5)) {
    const { method, path, body } = pick(random, corpus.writes);
    const named = method === "POST" && chance(random, 0.5) ? renamed(random, body) : body;
    return { method, path: path.split("?")[0] as string, body: named };
  }
  const { collection, name, body } = pickObject(random, corpus);
  const kind = random.integer(3);
  if (kind === 0) return { method: "POST", path: collection, body: renamed(random, body) };
  return { method: "PUT", path: `${collection}/${name}`, body };
}

function mutatedText(random: Random, body: unknown): Buffer {
  const form = mutateForm(random, formOf(structuredClone(body)));
  const text = Buffer.from(printForm(form));
  return chance(random, 0.15) ? mutateBytes(random, text) : text;
}

const write = (random: Random, at: Omit<Seed, "headers" | "body">) => ({
  method: at.method,
  path: at.path + (chance(random, 0.5) ? mutatedQuery(random, writeParameters, 2) : ""),
});

/** Now and then the answer is to be of another form. */
const answerForm = (random: Random): Record<string, string> =>
  chance(random, 0.15) ? { accept: pick(random, accepts) } : {};

/** Or the request is to be another user's. */
const userForm = (random: Random): Record<string, string> =>
  chance(random, 0.02)
    ? { "impersonate-user": pick(random, ["fuzz", "system:serviceaccount:fuzz:default"]) }
    : {};

const headersOf = (random: Random, type: string): Record<string, string> => ({
  "content-type": type,
  ...answerForm(random),
  ...userForm(random),
});

const manifest =
  (corpus: Corpus): Family =>
  (random) => {
    const seed = addressed(random, corpus);
    const body = mutatedText(random, seed.body);
    const headers = headersOf(random, JSON_TYPE);
    return { family: "manifest", ...write(random, seed), headers, body };
  };

const generated: Family = (random) => {
  const fact = pick(random, creatable);
  const path = collectionOf(fact);
  const text = Buffer.from(printForm(generateFor(random, fact, NAMESPACE)));
  const body = chance(random, 0.05) ? mutateBytes(random, text) : text;
  const headers = headersOf(random, JSON_TYPE);
  return { family: "generated", ...write(random, { method: "POST", path }), headers, body };
};

const anchors = [
  "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n",
  "a: &a [*a]\n",
  "&a a: *a\n",
  "a: &a\n  <<: *a\n",
  "<<: [{a: 1}, {b: 2}]\n",
  "? [a]\n: b\n",
  "? {a: b}\n: c\n",
  "a: !!binary =\nb: !!float x\nc: !!int x\nd: !!map []\n",
  "%YAML 9.9\n---\na: b\n",
  "%TAG ! tag:x,2000:\n---\n!x a\n",
  "a: |9\n  b\n",
  "a: 0x99999999999999999999\nb: 0o7\nc: 0b2\nd: 1_000\ne: .inf\n",
  "- ".repeat(10_001),
  `${"a:\n ".repeat(50)}b`,
  "? ".repeat(10_001),
  "&a ".repeat(2000),
  "!a ".repeat(2000),
  `"${"\\x41".repeat(20_000)}"`,
  `${" ".repeat(100_000)}a: b`,
  `a: ${"'".repeat(50_001)}`,
  `${"#".repeat(100_000)}\na: b`,
  "\r".repeat(50_000),
  "---\n".repeat(20_000),
  `{${"a,".repeat(20_000)}}`,
];

function yamlText(random: Random, body: unknown): string {
  const form = mutateForm(random, formOf(structuredClone(body)));
  const text = printForm(form);
  if (chance(random, 0.2)) return text;
  try {
    const printed = stringify(JSON.parse(text));
    return chance(random, 0.1) ? pick(random, anchors) + printed : printed;
  } catch {
    return text; // it is no JSON, or too deep
  }
}

export function mutatedYaml(random: Random, body: unknown): Buffer {
  if (chance(random, 0.06)) return Buffer.from(pick(random, anchors));
  if (chance(random, 0.04)) return Buffer.from(nest(random));
  const text = Buffer.from(yamlText(random, body));
  return chance(random, 0.4) ? mutateBytes(random, text) : text;
}

const yaml =
  (corpus: Corpus): Family =>
  (random) => {
    const seed = addressed(random, corpus);
    const body = mutatedYaml(random, seed.body);
    return { family: "yaml", ...write(random, seed), headers: headersOf(random, YAML_TYPE), body };
  };

/** Undefined when the form is no JSON. */
function parsedForm(form: JsonForm): unknown {
  try {
    return JSON.parse(printForm(form));
  } catch {
    return undefined;
  }
}

function protobufOf(body: unknown): Buffer {
  try {
    return encodeProtobuf(body as object);
  } catch {
    return Buffer.from("k8s\0"); // too deep, or of no known kind
  }
}

const protobuf =
  (corpus: Corpus): Family =>
  (random) => {
    const seed = addressed(random, corpus);
    const kind = random.integer(10);
    // Changed as a value it is good protobuf; changed as bytes it is none as a rule.
    const changed = kind < 5 ? mutateForm(random, formOf(structuredClone(seed.body))) : undefined;
    const good = protobufOf((changed && parsedForm(changed)) ?? seed.body);
    const body = kind < 9 && kind >= 4 ? mutateBytes(random, good) : good;
    const headers = headersOf(random, PROTOBUF_TYPE);
    if (chance(random, 0.3)) headers.accept = PROTOBUF_TYPE;
    return { family: "protobuf", ...write(random, seed), headers, body };
  };

const deleteOptions: readonly object[] = [
  {},
  { gracePeriodSeconds: 0 },
  { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Foreground" },
  { preconditions: { uid: "x", resourceVersion: "1" } },
  { dryRun: ["All"], orphanDependents: true },
];

/** Of a collection only what other requests can do without. */
function doomed(random: Random, corpus: Corpus): string {
  const { collection, name } = pickObject(random, corpus);
  const isOfNamespaces = collection.endsWith("/namespaces");
  if (isOfNamespaces) return `${collection}/${VICTIM}`;
  const kind = random.next();
  if (kind < 0.35) return `${collection}/${name}`;
  if (kind < 0.75) return `${collection}/fuzz-${random.integer(NAMES)}`;
  if (kind < 0.77) return collection;
  const isNamespaced = collection.includes(`/namespaces/${NAMESPACE}/`);
  if (isNamespaced && chance(random, 0.5)) {
    return collection.replace(`/namespaces/${NAMESPACE}/`, `/namespaces/${VICTIM}/`);
  }
  return `${collection}?labelSelector=a%3Db`;
}

const deletion =
  (corpus: Corpus): Family =>
  (random) => {
    const path = doomed(random, corpus);
    const options = pick(random, deleteOptions);
    const type = pick(random, [JSON_TYPE, JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]);
    const whole = { kind: "DeleteOptions", apiVersion: "v1", ...options };
    const query = mutatedQuery(random, deleteParameters, 3);
    const request: FuzzRequest = {
      family: "delete",
      method: "DELETE",
      path: path + (path.includes("?") ? query.replace("?", "&") : query),
      headers: headersOf(random, type),
    };
    if (chance(random, 0.6)) {
      request.body =
        type === PROTOBUF_TYPE && chance(random, 0.7)
          ? protobufOf(whole)
          : mutatedText(random, options);
    }
    return request;
  };

const anyBody: Family = (random) => {
  const fact: ResourceFact = pick(random, resourceFacts);
  const form: JsonForm = chance(random, 0.5) ? { raw: nest(random) } : extremeForm(random);
  const types = [
    JSON_TYPE,
    YAML_TYPE,
    PROTOBUF_TYPE,
    "application/cbor",
    "text/plain",
    ";",
    "a/b;c",
  ];
  const subresources = fact.subresources?.map(({ name }) => `/fuzz-plain/${name}`) ?? [];
  return {
    family: "any body",
    method: pick(random, ["POST", "PUT", "PATCH", "DELETE", "GET"]),
    path: collectionOf(fact) + pick(random, ["", "/fuzz-plain", ...subresources]),
    headers: { "content-type": pick(random, types) },
    body: chance(random, 0.8)
      ? Buffer.from(printForm(form))
      : Buffer.from(Array.from({ length: random.integer(300) }, () => random.integer(256))),
  };
};

export const bodyFamilies = (corpus: Corpus): readonly (readonly [number, Family])[] => [
  [22, manifest(corpus)],
  [10, generated],
  [8, yaml(corpus)],
  [9, protobuf(corpus)],
  [4, deletion(corpus)],
  [4, anyBody],
];
