// What holds of server-side apply whatever is applied (the promises of upstream's structured-merge-diff): applying twice is
// applying once, no field loses its owner, and the order of managers that agree does not matter.
import type { KubernetesObject } from "@coracle/shared/api/resources";
import { StatusError } from "@coracle/shared/machinery/status-error";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalJson } from "../patch/json-members.ts";
import { serverSideApply } from "./apply.ts";
import { EMPTY, type FieldSet, intersection, isEmpty, union } from "./field-set.ts";
import { updateManagedFields } from "./managed-fields.ts";
import { managedTypeOf } from "./managed-type.ts";
import { fieldSetOf } from "./typed-walk.ts";

const TYPE = "io.k8s.api.apps.v1.Deployment";
const type = managedTypeOf(TYPE);
const TIMES = { first: "2026-01-01T00:00:00Z", later: "2026-01-01T00:00:09Z" };

const texts = fc.constantFrom("a", "b", "c");
const optional = { requiredKeys: [] };
const labels = fc.dictionary(fc.constantFrom("x", "y", "z"), texts, { maxKeys: 3 });

const env = fc.uniqueArray(fc.record({ name: texts, value: texts }), {
  selector: ({ name }) => name,
  maxLength: 3,
});
const ports = fc.uniqueArray(
  fc.record({
    containerPort: fc.constantFrom(80, 81),
    protocol: fc.constantFrom("TCP", "UDP"),
    name: texts,
  }),
  { selector: ({ containerPort, protocol }) => `${containerPort}/${protocol}`, maxLength: 3 },
);
const container = fc
  .record(
    { image: texts, env, ports, args: fc.array(texts, { minLength: 1, maxLength: 2 }) },
    optional,
  )
  .chain((rest) => texts.map((name) => ({ name, ...rest })));
const containers = fc.uniqueArray(container, { selector: ({ name }) => name, maxLength: 3 });

/** A configuration: any part of a Deployment. */
const configuration = fc
  .record(
    {
      labels,
      annotations: labels,
      replicas: fc.integer({ min: 0, max: 3 }),
      paused: fc.boolean(),
      containers,
      nodeSelector: labels,
      finalizers: fc.uniqueArray(fc.constantFrom("f/1", "f/2"), { maxLength: 2 }),
    },
    optional,
  )
  .map((parts): KubernetesObject => {
    const { labels, annotations, finalizers, replicas, paused, ...spec } = parts;
    const given = (members: object) =>
      Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
    const metadata = { name: "d", namespace: "n", ...given({ labels, annotations, finalizers }) };
    const template = { spec: given(spec) };
    const object = { apiVersion: "apps/v1", kind: "Deployment", metadata };
    return { ...object, spec: { ...given({ replicas, paused }), template } } as never;
  });

function apply(
  live: KubernetesObject | undefined,
  applied: KubernetesObject,
  manager: string,
  { force = false, time = TIMES.first } = {},
): KubernetesObject {
  const options = { typeName: TYPE, apiVersion: "apps/v1", manager, force, time };
  const result = serverSideApply(live, structuredClone(applied), options);
  const stored = JSON.parse(JSON.stringify(result)) as KubernetesObject;
  stored.metadata.uid = "u";
  return stored;
}

const isConflict = (error: unknown): boolean => error instanceof StatusError && error.code === 409;

/** undefined when the managers disagree. */
function unlessConflict<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  }
}

type Entries = { manager?: string; fieldsV1?: unknown }[];
const entriesOf = ({ metadata }: KubernetesObject) => (metadata.managedFields ?? []) as Entries;
const ownedBy = (object: KubernetesObject, manager: string): FieldSet =>
  (entriesOf(object).find((entry) => entry.manager === manager)?.fieldsV1 ?? EMPTY) as FieldSet;
const owned = (object: KubernetesObject): FieldSet =>
  entriesOf(object).reduce<FieldSet>(
    (all, { fieldsV1 }) => union(all, fieldsV1 as FieldSet),
    EMPTY,
  );

/** The object without what says who made it when. */
const content = ({ metadata, ...rest }: KubernetesObject): unknown => {
  const { managedFields: _, uid: __, ...kept } = metadata;
  return { ...rest, metadata: kept };
};

/** Lists by their keys, since their order depends on who came first. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(unordered);
    const text = (item: unknown) => JSON.stringify(item);
    return items.sort((a, b) => (text(a) < text(b) ? -1 : 1));
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, unordered(member)]));
}

const VALUES = new Set(
  ["x", "y", "z", "image", "value", "args", "replicas", "paused"].map((name) => `f:${name}`),
);

const runs = { numRuns: 300 };

describe("server-side apply, whatever is applied", () => {
  it("twice is once: the second time changes neither the object nor its owners, nor their times", () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const once = apply(apply(undefined, first, "one"), second, "two", { force: true });
        const twice = apply(once, second, "two", { force: true, time: TIMES.later });
        expect(twice).toEqual(once);
      }),
      runs,
    );
  });

  it("leaves every field that the configuration names with its manager", () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const live = apply(apply(undefined, first, "one"), second, "two", { force: true });
        const { metadata, spec } = second as KubernetesObject & { spec: object };
        const { name: _, namespace: __, ...named } = metadata;
        const wanted = fieldSetOf(type, { metadata: named, spec } as never);
        const leaves = leavesOf(wanted);
        expect(leavesOf(intersection(wanted, ownedBy(live, "two")))).toEqual(leaves);
      }),
      runs,
    );
  });

  it("never leaves a field without an owner, nor an owner of a field that is gone", () => {
    fc.assert(
      fc.property(configuration, configuration, configuration, (first, second, third) => {
        let live = apply(undefined, first, "one");
        live = apply(live, second, "two", { force: true });
        live = apply(live, third, "one", { force: true });
        const { metadata, spec } = content(live) as KubernetesObject & { spec: object };
        const { name: _, namespace: __, ...named } = metadata;
        const present = fieldSetOf(type, { metadata: named, spec } as never);
        // A map or list that somebody emptied stays as such: only what has a value is asked for.
        const leaves = leavesOf(present);
        expect(intersection(leaves, owned(live))).toEqual(leaves);
        for (const { fieldsV1 } of entriesOf(live)) {
          const gone = leavesOf(fieldsV1 as FieldSet);
          expect(isEmpty(gone) || !isEmpty(intersection(gone, present))).toBe(true);
        }
      }),
      runs,
    );
  });

  it("in either order gives one object and the same owners, where managers agree", () => {
    fc.assert(
      fc.property(configuration, configuration, (left, right) => {
        const one = unlessConflict(() => apply(apply(undefined, left, "l"), right, "r"));
        const other = unlessConflict(() => apply(apply(undefined, right, "r"), left, "l"));
        expect(one === undefined).toBe(other === undefined);
        if (one === undefined || other === undefined) return;
        expect(unordered(content(one))).toEqual(unordered(content(other)));
        for (const manager of ["l", "r"]) {
          expect(unordered(ownedBy(one, manager))).toEqual(unordered(ownedBy(other, manager)));
        }
      }),
      runs,
    );
  });

  it("of nothing takes away what only that manager had, and nothing else", () => {
    fc.assert(
      fc.property(configuration, configuration, (mine, others) => {
        const alone = apply(undefined, others, "other");
        const both = unlessConflict(() => apply(alone, mine, "mine"));
        fc.pre(both !== undefined);
        const empty = {
          apiVersion: "apps/v1",
          kind: "Deployment",
          metadata: { name: "d", namespace: "n" },
        };
        const left = apply(both, empty as KubernetesObject, "mine");
        expect(ownedBy(left, "mine")).toEqual(EMPTY);
        const missing = leavesOf(ownedBy(alone, "other"));
        expect(leavesOf(ownedBy(left, "other"))).toEqual(missing);
        const { metadata, spec } = content(left) as KubernetesObject & { spec: object };
        const present = fieldSetOf(type, { metadata, spec } as never);
        expect(leavesOf(intersection(missing, present))).toEqual(missing);
      }),
      runs,
    );
  });

  it("conflicts exactly on fields that somebody else owns with another value", () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const live = apply(undefined, first, "one");
        const forced = apply(live, second, "two", { force: true });
        const lost = !equalJson(ownedBy(live, "one"), ownedBy(forced, "one"));
        const conflicts = unlessConflict(() => apply(live, second, "two")) === undefined;
        expect(conflicts).toBe(lost);
      }),
      runs,
    );
  });

  it("after an update: what the updater changed is the updater's, the rest stays", () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const live = apply(undefined, first, "one");
        const updated = structuredClone(second);
        updated.metadata = { ...live.metadata, ...second.metadata };
        const options = { typeName: TYPE, apiVersion: "apps/v1", time: TIMES.later };
        updateManagedFields(live, updated, { ...options, manager: "two" });
        const both = intersection(ownedBy(updated, "one"), ownedBy(updated, "two"));
        expect(leavesOf(both)).toEqual(EMPTY);
      }),
      runs,
    );
  });
});

/** Fields that hold a value: neither maps nor lists, which somebody may own empty. */
function leavesOf(set: FieldSet): FieldSet {
  const out: Record<string, FieldSet> = {};
  for (const element in set) {
    const below = set[element] as FieldSet;
    const kept = leavesOf(below);
    if (!isEmpty(kept) || VALUES.has(element) || element.startsWith("v:")) out[element] = kept;
  }
  return out;
}
