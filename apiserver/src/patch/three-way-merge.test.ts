// Client-side apply: kubectl makes a strategic patch out of the last applied, the new and the live configuration (upstream:
// strategicpatch.CreateThreeWayMergePatch); the server applies it. Whatever the three are, what was dropped goes, what is new
// comes, and what others added stays.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isObject, type JsonObject } from "./json-members.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const POD = "io.k8s.api.core.v1.Pod";
/** Lists of the model that merge by key; every other list is replaced. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  env: "name",
  ports: "containerPort",
};

const text = fc.constantFrom("a", "b", "c");
const labels = fc.dictionary(text, text, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
const keyed = <T extends JsonObject>(item: fc.Arbitrary<T>, key: string) =>
  fc.uniqueArray(item, { selector: (value) => value[key], minLength: 1, maxLength: 3 });
const ports = keyed(
  fc.record({ containerPort: fc.constantFrom(80, 81, 82), name: text }, { noNullPrototype: true }),
  "containerPort",
);
const env = keyed(fc.record({ name: text, value: text }, { noNullPrototype: true }), "name");
const args = fc.array(text, { minLength: 1, maxLength: 3 });
const container = fc
  .record({ image: text, env, ports, args }, { requiredKeys: [], noNullPrototype: true })
  .chain((rest) => text.map((name): JsonObject => ({ name, ...rest })));
const pod = fc
  .record({ labels, nodeName: text, priority: fc.nat(3), containers: keyed(container, "name") })
  .map(({ labels, ...spec }): JsonObject => ({ metadata: { labels }, spec }));

/** What turns `from` into `to`: with deletions only, or without them. */
function difference(from: JsonObject, to: JsonObject, only: "deletions" | "changes"): JsonObject {
  const patch: JsonObject = {};
  const { deletions, changes } = { deletions: only === "deletions", changes: only === "changes" };
  for (const name in from) if (deletions && !(name in to)) patch[name] = null;
  for (const name in to) {
    const [before, after] = [from[name], to[name]];
    const key = mergeKeys[name];
    if (key !== undefined && Array.isArray(before) && Array.isArray(after)) {
      const items = listDifference(key, before as JsonObject[], after as JsonObject[], only);
      if (items.length > 0) patch[name] = items;
      if (changes) patch[`$setElementOrder/${name}`] = after.map((item) => ({ [key]: item[key] }));
    } else if (isObject(before) && isObject(after)) {
      const below = difference(before, after, only);
      if (Object.keys(below).length > 0) patch[name] = below;
    } else if (changes && JSON.stringify(before) !== JSON.stringify(after)) patch[name] = after;
  }
  return patch;
}

function listDifference(
  key: string,
  from: readonly JsonObject[],
  to: readonly JsonObject[],
  only: "deletions" | "changes",
): JsonObject[] {
  const out: JsonObject[] = [];
  for (const item of to) {
    const before = from.find((other) => other[key] === item[key]);
    if (before === undefined) {
      if (only === "changes") out.push(item);
      continue;
    }
    const below = difference(before, item, only);
    if (Object.keys(below).length > 0) out.push({ [key]: item[key], ...below });
  }
  if (only === "changes") return out;
  const gone = from.filter((item) => !to.some((other) => other[key] === item[key]));
  return [...out, ...gone.map((item) => ({ $patch: "delete", [key]: item[key] }))];
}

/** Both patches in one, as upstream merges them. */
function joined(deletions: JsonObject, changes: JsonObject): JsonObject {
  const out: JsonObject = { ...deletions };
  for (const name in changes) {
    const [left, right] = [out[name], changes[name]];
    const key = mergeKeys[name];
    if (key !== undefined && Array.isArray(left) && Array.isArray(right)) {
      const items = left as JsonObject[];
      const others = right as JsonObject[];
      const both = [
        ...items.map((item) => {
          const other = others.find((candidate) => candidate[key] === item[key]);
          return other === undefined ? item : joined(item, other);
        }),
        ...others.filter((item) => !items.some((candidate) => candidate[key] === item[key])),
      ];
      const order = (changes[`$setElementOrder/${name}`] ?? right) as JsonObject[];
      out[name] = both.sort((a, b) => placeIn(order, key, a) - placeIn(order, key, b));
    } else out[name] = isObject(left) && isObject(right) ? joined(left, right) : right;
  }
  return out;
}

/** The elements of a patch stand in the order that it sets; deletions come before. */
const placeIn = (order: readonly JsonObject[], key: string, item: JsonObject): number =>
  order.findIndex((other) => other[key] === item[key]);

const threeWayPatch = (original: JsonObject, modified: JsonObject, current: JsonObject) =>
  joined(difference(original, modified, "deletions"), difference(current, modified, "changes"));

/** What has to come out, said without patches. */
function expected(original: JsonObject, modified: JsonObject, current: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const name of new Set([...Object.keys(current), ...Object.keys(modified)])) {
    const [first, next, live] = [original[name], modified[name], current[name]];
    if (next === undefined) {
      if (first === undefined) out[name] = live;
      continue;
    }
    const key = mergeKeys[name];
    if (key !== undefined && Array.isArray(live)) {
      out[name] = expectedList(key, (first ?? []) as JsonObject[], next as JsonObject[], live);
    } else if (isObject(next) && isObject(live)) {
      out[name] = expected(isObject(first) ? first : {}, next, live);
    } else out[name] = next;
  }
  return out;
}

function expectedList(
  key: string,
  original: readonly JsonObject[],
  modified: readonly JsonObject[],
  current: readonly JsonObject[],
): JsonObject[] {
  const named = (list: readonly JsonObject[], value: unknown) =>
    list.find((item) => item[key] === value);
  const kept = current.filter(
    (item) => named(modified, item[key]) === undefined && named(original, item[key]) === undefined,
  );
  const own = modified.map((item) => {
    const live = named(current, item[key]);
    return live === undefined ? item : expected(named(original, item[key]) ?? {}, item, live);
  });
  return [...own, ...kept];
}

/** Where foreign elements come among the own ones is judged by the recorded cases. */
function byKey(value: unknown, name = ""): unknown {
  const key = mergeKeys[name];
  if (Array.isArray(value)) {
    const items = value.map((item) => byKey(item));
    if (key === undefined) return items;
    const order = (item: unknown) => String((item as JsonObject)[key]);
    return items.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([member, below]) => [member, byKey(below, member)]),
  );
}

const namesOf = (document: JsonObject): string[] =>
  (document as { spec: { containers: { name: string }[] } }).spec.containers.map(
    ({ name }) => name,
  );

/** As upstream's, a new element keeps the directives inside: a container that somebody took away comes back with them. */
function keepsContainers(original: JsonObject, modified: JsonObject, current: JsonObject): boolean {
  const [first, live] = [namesOf(original), namesOf(current)];
  return namesOf(modified).every((name) => live.includes(name) || !first.includes(name));
}

const runs = { numRuns: 500 };
/** Nulls in new elements of lists go when the result is decoded. */
const withoutNulls = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
};

const patched = (document: unknown, patch: unknown) =>
  withoutNulls(applyStrategicMergePatch(document, patch, POD)) as JsonObject;

describe("a three-way strategic merge, whatever is merged", () => {
  it("takes what was dropped, sets what is new, keeps what others added", () => {
    fc.assert(
      fc.property(pod, pod, pod, (original, modified, current) => {
        fc.pre(keepsContainers(original, modified, current));
        const result = patched(current, threeWayPatch(original, modified, current));
        expect(byKey(result)).toEqual(byKey(expected(original, modified, current)));
      }),
      runs,
    );
  });

  it("changes nothing the second time", () => {
    fc.assert(
      fc.property(pod, pod, pod, (original, modified, current) => {
        const once = patched(current, threeWayPatch(original, modified, current));
        const again = patched(once, threeWayPatch(modified, modified, once));
        expect(again).toEqual(once);
      }),
      runs,
    );
  });

  it("gives the very configuration where nobody else changed anything", () => {
    fc.assert(
      fc.property(pod, pod, (original, modified) => {
        const result = patched(original, threeWayPatch(original, modified, original));
        expect(result).toEqual(modified);
      }),
      runs,
    );
  });

  it("keeps the order that the configuration gives its elements", () => {
    fc.assert(
      fc.property(pod, pod, pod, (original, modified, current) => {
        const result = patched(current, threeWayPatch(original, modified, current));
        const own = namesOf(modified);
        expect(namesOf(result).filter((name) => own.includes(name))).toEqual(own);
      }),
      runs,
    );
  });

  it("leaves the document and the patch as they are", () => {
    fc.assert(
      fc.property(pod, pod, pod, (original, modified, current) => {
        const patch = threeWayPatch(original, modified, current);
        const before = structuredClone([current, patch]);
        patched(current, patch);
        expect([current, patch]).toEqual(before);
      }),
      runs,
    );
  });
});
