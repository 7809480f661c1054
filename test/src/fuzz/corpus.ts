// Good requests to begin with: what the conformance suite sends, in one namespace.
import { readdirSync, readFileSync } from "node:fs";
import { type ResourceFact, resourceFacts } from "@coracle/shared/api/facts";
import type { Random } from "@coracle/shared/runtime/random";
import type { Step } from "../conformance/replay.ts";
import { pick } from "./extremes.ts";

export interface Seed {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
}

/** An object that the set-up makes. */
export interface SeedObject {
  collection: string;
  name: string;
  body: Record<string, unknown>;
}

export interface Corpus {
  objects: readonly SeedObject[];
  /** With a body that is JSON. */
  writes: readonly Seed[];
  patches: readonly Seed[];
  reads: readonly string[];
}

export const NAMESPACE = "fuzz";
/** That requests may also delete. */
export const VICTIM = "fuzz-victim";

const kindLists = new WeakMap<readonly SeedObject[], readonly (readonly SeedObject[])[]>();

/** The objects by kind. */
export function kindsOf({ objects }: Pick<Corpus, "objects">): readonly (readonly SeedObject[])[] {
  let kinds = kindLists.get(objects);
  if (kinds === undefined) {
    const lists = new Map<string, SeedObject[]>();
    for (const object of objects) {
      const list = lists.get(object.collection);
      if (list === undefined) lists.set(object.collection, [object]);
      else list.push(object);
    }
    kinds = [...lists.values()];
    kindLists.set(objects, kinds);
  }
  return kinds;
}

/** Any kind first, so that one with many objects is not meant more often. */
export const pickObject = (random: Random, corpus: Pick<Corpus, "objects">): SeedObject =>
  pick(random, pick(random, kindsOf(corpus)));

const testdata = new URL("../conformance/testdata/", import.meta.url);
const BODY_BYTES_MAX = 30_000;

export function readCorpus(): Corpus {
  const objects = new Map<string, SeedObject>();
  const writes: Seed[] = [];
  const patches: Seed[] = [];
  const reads = new Set<string>();
  for (const file of readdirSync(testdata).sort()) {
    const text = readFileSync(new URL(file, testdata), "utf8");
    const { steps } = JSON.parse(text) as { steps: Step[] };
    for (const { method = "GET", path: given, headers = {}, body, expected } of steps) {
      const path = filled(given);
      if (method === "GET") reads.add(path);
      if (body === undefined || JSON.stringify(body).length > BODY_BYTES_MAX) continue;
      const seed = { method, path, headers, body: filledBody(body) };
      if (method === "PATCH") patches.push(seed);
      else if (isObject(seed.body)) writes.push(seed);
      const made = method === "POST" && expected.status === 201 ? objectOf(seed) : undefined;
      if (made !== undefined) objects.set(`${made.collection}/${made.name}`, made);
    }
  }
  for (const object of plainObjects()) {
    const key = `${object.collection}/${object.name}`;
    if (!objects.has(key)) objects.set(key, object);
    writes.push({ method: "POST", path: object.collection, headers: {}, body: object.body });
  }
  return { objects: [...objects.values()], writes, patches, reads: [...reads] };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const filled = (text: string): string =>
  text.replace(/\$\{(\w+)\}/g, (_, variable) => (variable === "ns" ? NAMESPACE : "1"));

function filledBody(body: unknown): unknown {
  return JSON.parse(filled(JSON.stringify(body))) as unknown;
}

function objectOf({ path, body }: Seed): SeedObject | undefined {
  const [collection = "", query = ""] = path.split("?");
  if (!isObject(body) || query.includes("dryRun")) return undefined;
  const { name } = (body.metadata ?? {}) as { name?: string };
  const isPlain = resourceFacts.some((fact) => collectionOf(fact) === collection);
  return isPlain && name !== undefined ? { collection, name, body } : undefined;
}

export const collectionOf = ({ group = "", version, resource, scope }: ResourceFact): string =>
  `${group === "" ? "/api" : `/apis/${group}`}/${version}/${scope === "Namespaced" ? `namespaces/${NAMESPACE}/` : ""}${resource}`;

/** Of every kind one that has a name only: what it lacks, mutations may bring. */
function plainObjects(): SeedObject[] {
  return resourceFacts
    .filter(({ verbs }) => verbs.includes("create"))
    .map((fact) => ({
      collection: collectionOf(fact),
      name: "fuzz-plain",
      body: {
        kind: fact.kind,
        apiVersion: fact.group ? `${fact.group}/${fact.version}` : fact.version,
        metadata: { name: "fuzz-plain", labels: { a: "b" }, finalizers: [] },
        ...(fact.kind === "ConfigMap" || fact.kind === "Secret" ? {} : { spec: {} }),
      },
    }));
}
