import type { KubernetesObject } from "@coracle/shared/api/resources";
import { StatusError } from "@coracle/shared/machinery/status-error";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ApplyOptions, serverSideApply } from "./apply.ts";
import { updateManagedFields } from "./managed-fields.ts";

const object = (value: object): KubernetesObject => value as KubernetesObject;

const T1 = "2026-01-01T00:00:00Z";
const T2 = "2026-01-01T00:00:05Z";

const options = (manager: string, more: Partial<ApplyOptions> = {}): ApplyOptions => ({
  typeName: "io.k8s.api.apps.v1.Deployment",
  manager,
  apiVersion: "apps/v1",
  time: T1,
  force: false,
  ...more,
});

interface Container {
  name: string;
  image?: string;
  env?: { name: string; value?: string }[];
}

const deployment = (
  spec: { replicas?: number; containers?: Container[]; paused?: boolean },
  metadata: object = {},
) => {
  const { containers = [], ...rest } = spec;
  return object({
    kind: "Deployment",
    apiVersion: "apps/v1",
    metadata: { name: "d", namespace: "n", ...metadata },
    spec: {
      ...rest,
      selector: { matchLabels: { a: "b" } },
      template: { metadata: { labels: { a: "b" } }, spec: { containers } },
    },
  });
};

type Spec = { replicas?: number; template: { spec: { containers: Container[] } } };
const specOf = (o: KubernetesObject): Spec => (o as unknown as { spec: Spec }).spec;

function failure(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const stored = (o: KubernetesObject): KubernetesObject => {
  const copy = structuredClone(o);
  copy.metadata.uid = "u";
  return copy;
};

describe("serverSideApply", () => {
  it("creates, and owns exactly what the configuration names", () => {
    const made = serverSideApply(
      undefined,
      deployment({ replicas: 2, containers: [{ name: "c", image: "x" }] }),
      options("a"),
    );
    expect(made.metadata.managedFields).toEqual([
      {
        manager: "a",
        operation: "Apply",
        apiVersion: "apps/v1",
        time: T1,
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {
              "f:metadata": { "f:labels": { "f:a": {} } },
              "f:spec": {
                "f:containers": { 'k:{"name":"c"}': { ".": {}, "f:image": {}, "f:name": {} } },
              },
            },
          },
        },
      },
    ]);
    expect(specOf(made).replicas).toBe(2);
  });

  it("prunes what the applier drops and nobody else owns", () => {
    const both = [
      { name: "c", image: "x", env: [{ name: "A", value: "1" }] },
      { name: "d", image: "y" },
    ];
    const live = stored(
      serverSideApply(undefined, deployment({ replicas: 2, containers: both }), options("a")),
    );
    const next = serverSideApply(
      live,
      deployment({ containers: [{ name: "c", image: "x" }] }),
      options("a", { time: T2 }),
    );
    expect(specOf(next)).not.toHaveProperty("replicas");
    const [container, ...others] = specOf(next).template.spec.containers;
    expect(others).toEqual([]);
    expect(container?.env ?? null).toBeNull();
    expect(next.metadata.managedFields?.[0]?.time).toBe(T2);
  });

  it("keeps what another applier also names", () => {
    const first = serverSideApply(undefined, deployment({ replicas: 2 }), options("a"));
    const second = serverSideApply(stored(first), deployment({ replicas: 2 }), options("b"));
    const third = serverSideApply(stored(second), deployment({}), options("a"));
    expect(specOf(third).replicas).toBe(2);
  });

  it("refuses to change what others own, in upstream's words", () => {
    const live = stored(serverSideApply(undefined, deployment({ replicas: 2 }), options("a")));
    const { status } = failure(() =>
      serverSideApply(live, deployment({ replicas: 3 }), options("b")),
    );
    expect(status).toMatchObject({
      code: 409,
      reason: "Conflict",
      message: 'Apply failed with 1 conflict: conflict with "a": .spec.replicas',
      details: {
        causes: [
          { reason: "FieldManagerConflict", message: 'conflict with "a"', field: ".spec.replicas" },
        ],
      },
    });
  });

  it("groups several conflicts by manager", () => {
    const live = deployment({ replicas: 2, containers: [{ name: "c", image: "x" }] });
    updateManagedFields(undefined, live, options("kubectl-client-side-apply"));
    const { message } = failure(() =>
      serverSideApply(
        stored(live),
        deployment({ replicas: 3, containers: [{ name: "c", image: "y" }] }),
        options("b"),
      ),
    );
    expect(message).toBe(
      'Apply failed with 2 conflicts: conflicts with "kubectl-client-side-apply" using apps/v1:\n' +
        '- .spec.replicas\n- .spec.template.spec.containers[name="c"].image',
    );
  });

  it("takes over by force", () => {
    const live = stored(serverSideApply(undefined, deployment({ replicas: 2 }), options("a")));
    const next = serverSideApply(live, deployment({ replicas: 3 }), options("b", { force: true }));
    expect(specOf(next).replicas).toBe(3);
    const a = next.metadata.managedFields?.find((e) => e.manager === "a");
    expect(a?.fieldsV1).not.toHaveProperty(["f:spec", "f:replicas"]);
  });

  it("lets kubectl take over what it applied on the client side", () => {
    const last = "kubectl.kubernetes.io/last-applied-configuration";
    const before = deployment({ replicas: 2 });
    const text = JSON.stringify(before);
    const live = deployment({ replicas: 2 }, { annotations: { [last]: text } });
    updateManagedFields(undefined, live, options("kubectl-client-side-apply"));
    const next = serverSideApply(stored(live), deployment({ replicas: 3 }), options("kubectl"));
    expect(specOf(next).replicas).toBe(3);
    expect(JSON.parse(next.metadata.annotations?.[last] ?? "")).toMatchObject({
      spec: { replicas: 3 },
    });
    const other = () =>
      serverSideApply(stored(live), deployment({ replicas: 3 }), options("other"));
    expect(failure(other).code).toBe(409);
  });

  it("lets before-first-apply own an object that nobody tracked", () => {
    const live = stored(deployment({ replicas: 2 }));
    const next = serverSideApply(live, deployment({ replicas: 2 }), options("a"));
    expect(next.metadata.managedFields?.map((e) => [e.manager, e.operation])).toEqual([
      ["a", "Apply"],
      ["before-first-apply", "Update"],
    ]);
  });

  it.each([
    [{ kind: "Pod" }, 400, "invalid object type: apps/v1, Kind=Pod"],
    [{ apiVersion: "v1" }, 400, "invalid object type: /v1, Kind=Deployment"],
    [{ kind: { toString: 1 } }, 400, "invalid object type: apps/v1, Kind="],
    [{ apiVersion: [{ valueOf: 1 }] }, 400, "invalid object type: /, Kind=Deployment"],
    [{ apiVersion: "a/b/c" }, 400, "invalid object type: /, Kind=Deployment"],
    [
      { metadata: { name: { toString: "x" }, namespace: "n" } },
      500,
      'failed to create typed patch object (n/; apps/v1, Kind=Deployment): .metadata.name: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"toString":"x"}}',
    ],
    [{ metadata: { name: "d", managedFields: [] } }, 400, "metadata.managedFields must be nil"],
    [
      { spec: { zoo: 1 } },
      500,
      "failed to create typed patch object (n/d; apps/v1, Kind=Deployment): .spec.zoo: field not declared in schema",
    ],
    [
      { spec: { replicas: "2", paused: "x" } },
      500,
      "failed to create typed patch object (n/d; apps/v1, Kind=Deployment): errors:\n" +
        "  .spec.paused: expected boolean, got &{x}\n" +
        "  .spec.replicas: expected numeric (int or float), got string",
    ],
    [
      { spec: { template: { spec: { containers: [{ name: "c" }, { name: "c" }] } } } },
      500,
      'failed to create typed patch object (n/d; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name="c"]',
    ],
  ])("refuses %j", (change, code, message) => {
    const applied = { ...deployment({}), ...change } as KubernetesObject;
    const error = failure(() => serverSideApply(undefined, applied, options("a")));
    expect({ code: error.code, message: error.message }).toEqual({ code, message });
  });

  const container = fc.record(
    {
      name: fc.constantFrom("a", "b", "c"),
      image: fc.constantFrom("1", "2"),
      env: fc.uniqueArray(
        fc.record({ name: fc.constantFrom("E", "F"), value: fc.constantFrom("1", "2") }),
        { selector: (e) => e.name },
      ),
    },
    { requiredKeys: ["name"] },
  );
  const config = fc.record(
    {
      replicas: fc.integer({ min: 0, max: 3 }),
      paused: fc.boolean(),
      containers: fc.uniqueArray(container, { selector: (c) => c.name }),
    },
    { requiredKeys: [] },
  );

  it("applying twice is applying once", () => {
    fc.assert(
      fc.property(config, config, (before, applied) => {
        const live = stored(serverSideApply(undefined, deployment(before), options("a")));
        const force = { force: true };
        const once = stored(serverSideApply(live, deployment(applied), options("b", force)));
        const twice = serverSideApply(once, deployment(applied), options("b", { time: T2 }));
        expect(twice).toEqual(once);
      }),
    );
  });

  it("a lone applier's object is its configuration, whatever it applied before", () => {
    const present = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(present);
      if (typeof value !== "object" || value === null) return value ?? undefined;
      const kept = Object.entries(value).map(([k, v]) => [k, present(v)] as const);
      return Object.fromEntries(kept.filter(([, v]) => v !== undefined));
    };
    fc.assert(
      fc.property(fc.array(config, { minLength: 1, maxLength: 5 }), (configs) => {
        let live: KubernetesObject | undefined;
        for (const next of configs) {
          live = stored(serverSideApply(live, deployment(next), options("a")));
          const expected = present(specOf(deployment(next))) as Spec;
          const actual = present(specOf(live)) as Spec & { strategy?: unknown };
          // What the type always has is there, empty.
          delete actual.strategy;
          const byName = (spec: Spec) =>
            (spec.template.spec?.containers ?? []).toSorted((x, y) => (x.name < y.name ? -1 : 1));
          expect(byName(actual)).toEqual(byName(expected));
          expect(actual.replicas).toEqual(expected.replicas);
        }
      }),
    );
  });

  it("ownership is never lost: what an applier names, it or a later forcer owns", () => {
    const step = fc.record({ config, manager: fc.constantFrom("a", "b", "c") });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        let live: KubernetesObject | undefined;
        for (const { config: next, manager } of steps) {
          live = stored(serverSideApply(live, deployment(next), options(manager, { force: true })));
          const own = live.metadata.managedFields?.find((e) => e.manager === manager);
          expect(own?.fieldsV1).toHaveProperty(["f:spec", "f:selector"]);
          const fields = JSON.stringify(own?.fieldsV1);
          if (next.replicas !== undefined) expect(fields).toContain('"f:replicas":{}');
          for (const { name } of next.containers ?? []) expect(fields).toContain(`\\"${name}\\"`);
        }
      }),
    );
  });
});
