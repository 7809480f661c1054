// Requests whose body is the matter: manifests as JSON, YAML and protobuf, options of deletes, reviews and other actions.
import { encodeProtobuf } from "@coracle/apiserver/encoding/protobuf";
import { type ResourceFact, resourceFacts } from "@coracle/shared/api/facts";
import type { Random } from "@coracle/shared/runtime/random";
import { stringify } from "yaml";
import { type Corpus, collectionOf, NAMESPACE, type Seed, VICTIM } from "./corpus.ts";
import { chance, extremeForm, nest, pick } from "./extremes.ts";
import type { Family, FuzzRequest } from "./fuzz-request.ts";
import { formOf, type JsonForm, printForm } from "./json-form.ts";
import { mutateBytes, mutateForm } from "./mutations.ts";
import { generateFor } from "./object-generator.ts";
import { deleteParameters, mutatedQuery, writeParameters } from "./query-mutations.ts";

const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";
const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";
const creatable = resourceFacts.filter(({ verbs }) => verbs.includes("create"));

/** A create, or an update of what is there. */
function addressed(random: Random, corpus: Corpus): Omit<Seed, "headers"> {
  if (chance(random, 0.5)) {
    const { method, path, body } = pick(random, corpus.writes);
    return { method, path: path.split("?")[0] as string, body };
  }
  const { collection, name, body } = pick(random, corpus.objects);
  const kind = random.integer(3);
  if (kind === 0) return { method: "POST", path: collection, body };
  const subresource = pick(random, ["", "", "", "/status", "/scale", "/finalize", "/approval"]);
  return { method: "PUT", path: `${collection}/${name}${subresource}`, body };
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

const manifest =
  (corpus: Corpus): Family =>
  (random) => {
    const seed = addressed(random, corpus);
    const body = mutatedText(random, seed.body);
    const headers = { "content-type": JSON_TYPE };
    return { family: "manifest", ...write(random, seed), headers, body };
  };

const generated: Family = (random) => {
  const fact = pick(random, creatable);
  const path = collectionOf(fact);
  const text = Buffer.from(printForm(generateFor(random, fact, NAMESPACE)));
  const body = chance(random, 0.05) ? mutateBytes(random, text) : text;
  const headers = { "content-type": JSON_TYPE };
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
    return { family: "yaml", ...write(random, seed), headers: { "content-type": YAML_TYPE }, body };
  };

function protobufOf(body: unknown): Buffer {
  try {
    return encodeProtobuf(body as object);
  } catch {
    return Buffer.concat([Buffer.from("k8s\0"), Buffer.from(JSON.stringify(body))]);
  }
}

const protobuf =
  (corpus: Corpus): Family =>
  (random) => {
    const seed = addressed(random, corpus);
    const good = protobufOf(seed.body);
    const body = chance(random, 0.95) ? mutateBytes(random, good) : good;
    const headers: Record<string, string> = { "content-type": PROTOBUF_TYPE };
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

const deletion =
  (corpus: Corpus): Family =>
  (random) => {
    const { collection, name } = pick(random, corpus.objects);
    const target = chance(random, 0.8) ? `/${name}` : "";
    const path = collection.replace(
      NAMESPACE,
      chance(random, 0.7) || target !== "" ? NAMESPACE : VICTIM,
    );
    const isOwn = path.endsWith("/namespaces");
    const options = mutatedText(random, pick(random, deleteOptions));
    const request: FuzzRequest = {
      family: "delete",
      method: "DELETE",
      path:
        (isOwn ? `/api/v1/namespaces/${VICTIM}` : path + target) +
        mutatedQuery(random, deleteParameters, 3),
      headers: { "content-type": pick(random, [JSON_TYPE, JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]) },
    };
    if (chance(random, 0.6)) request.body = options;
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
