// Query strings: the parameters that the API knows, with values that it may not.
import type { Random } from "@coracle/shared/runtime/random";
import { chance, names, nest, pick, texts } from "./extremes.ts";

type Values = readonly (string | ((random: Random) => string))[];

const numbers: Values = ["0", "1", "-1", "2", "1.5", "1e3", "9999999999999999999999", "x", "", "٣"];
const booleans: Values = ["true", "false", "1", "0", "", "x", "True"];
const base64 = (text: string): string => Buffer.from(text).toString("base64url");
const token = (value: object): string => base64(JSON.stringify(value));

const continues: Values = [
  "x",
  "",
  "%00",
  "eyJ2IjoibWV0YS5rOHMuaW8vdjEi",
  token({ v: "meta.k8s.io/v1", rv: 1, start: "/fuzz/a\u0000" }),
  token({ v: "meta.k8s.io/v1", rv: -1, start: "/a\u0000" }),
  token({ v: "meta.k8s.io/v1", rv: 1e300, start: "/a" }),
  token({ v: "meta.k8s.io/v1", rv: "1", start: "/a" }),
  token({ v: "meta.k8s.io/v1", rv: 1, start: "../../../etc/passwd" }),
  token({ v: "meta.k8s.io/v1", rv: 1.5, start: "a" }),
  token({ v: "meta.k8s.io/v2", rv: 1, start: "/a" }),
  token({ v: {}, rv: [], start: null }),
  token([]),
  base64("null"),
  base64("1"),
  (random) => base64(nest(random)),
  (random) => token({ v: "meta.k8s.io/v1", rv: random.integer(1000), start: pick(random, texts) }),
  (random) => base64(pick(random, texts)),
];

const selectors: Values = [
  "a=b",
  "a==b,c!=d",
  "a in (b,c)",
  "a notin (b",
  "!a",
  "a>1",
  "a<x",
  "a=b=c",
  ",",
  "a in ()",
  "a,a,a",
  "metadata.name=x",
  "metadata.namespace!=fuzz",
  "status.phase=Running",
  "spec.nodeName=\\,",
  "__proto__=a",
  "constructor=a",
  (random) => "a=b,".repeat(random.integer(3000)),
  (random) => "(".repeat(random.integer(10_001)),
  (random) => "!".repeat(random.integer(10_001)),
  (random) => `a in (${"b,".repeat(random.integer(5000))})`,
  (random) => `metadata.name=${"\\".repeat(random.integer(5000))}`,
];

const parameters: Readonly<Record<string, Values>> = {
  labelSelector: selectors,
  fieldSelector: selectors,
  limit: numbers,
  continue: continues,
  resourceVersion: [...numbers, "999999999999", "18446744073709551616"],
  resourceVersionMatch: ["Exact", "NotOlderThan", "exact", ""],
  timeoutSeconds: ["0", "1", "-1", "x", "99999999999999999999"],
  timeout: ["1s", "0s", "-1s", "x", "1h", "1ms", "99999999999999h"],
  watch: booleans,
  allowWatchBookmarks: booleans,
  sendInitialEvents: booleans,
  dryRun: ["All", "", "all", "x"],
  fieldManager: ["fuzz", "", ...names],
  fieldValidation: ["Strict", "Warn", "Ignore", "strict", ""],
  force: booleans,
  pretty: booleans,
  includeObject: ["None", "Object", "Metadata", "x", ""],
  gracePeriodSeconds: numbers,
  propagationPolicy: ["Orphan", "Foreground", "Background", "x", ""],
  orphanDependents: booleans,
  container: ["main", "", ...names],
  follow: booleans,
  tailLines: numbers,
  limitBytes: numbers,
  sinceSeconds: numbers,
  sinceTime: ["2024-01-01T00:00:00Z", "x"],
  stdin: booleans,
  stdout: booleans,
  tty: booleans,
  command: ["sh", "", ...names],
  ports: numbers,
  path: names,
  hash: ["x"],
};
const keys = Object.keys(parameters);

const valueFor = (random: Random, key: string): string => {
  const value = chance(random, 0.1)
    ? pick(random, texts)
    : pick(random, Object.hasOwn(parameters, key) ? (parameters[key] as Values) : names);
  return typeof value === "function" ? value(random) : value;
};

const encoded = (text: string): string => {
  try {
    return encodeURIComponent(text);
  } catch {
    return "%ED%A0%80"; // half of a pair
  }
};

export function mutatedQuery(random: Random, only: readonly string[] = keys, count = 4): string {
  const parts: string[] = [];
  for (let i = random.integer(count + 1); i > 0; i--) {
    const key = chance(random, 0.97) ? pick(random, only) : pick(random, names);
    const text = valueFor(random, key).slice(0, 6000);
    parts.push(`${encoded(key.slice(0, 300))}=${chance(random, 0.97) ? encoded(text) : "%zz%"}`);
  }
  return parts.length === 0 ? "" : `?${parts.join(pick(random, ["&", "&", "&", "&", ";", "&&"]))}`;
}

export const writeParameters = ["dryRun", "fieldManager", "fieldValidation", "pretty", "force"];
export const listParameters = [
  ..."labelSelector fieldSelector limit continue resourceVersion resourceVersionMatch".split(" "),
  ..."timeoutSeconds watch allowWatchBookmarks sendInitialEvents includeObject".split(" "),
];
export const deleteParameters = [
  ..."gracePeriodSeconds propagationPolicy orphanDependents dryRun labelSelector".split(" "),
];
