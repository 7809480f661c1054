import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { ManagedFieldsEntry } from "@coracle/shared/api/types/meta-v1";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FieldSet, pathsOf } from "./field-set.ts";
import { updateManagedFields } from "./managed-fields.ts";

const object = (value: object): KubernetesObject => value as KubernetesObject;

const POD = "io.k8s.api.core.v1.Pod";
const CONFIG_MAP = "io.k8s.api.core.v1.ConfigMap";
const T1 = "2026-01-01T00:00:00Z";
const T2 = "2026-01-01T00:00:05Z";

const options = (typeName: string, manager: string, time = T1) => ({
  typeName,
  manager,
  apiVersion: "v1",
  time,
});

const configMap = (data: Record<string, string>, metadata: object = {}) =>
  object({ kind: "ConfigMap", apiVersion: "v1", metadata: { name: "c", ...metadata }, data });

function write(live: KubernetesObject | undefined, updated: KubernetesObject, by: string, at = T1) {
  updateManagedFields(live, updated, options(CONFIG_MAP, by, at));
  return updated;
}

const fieldsOf = (o: KubernetesObject, manager: string) =>
  o.metadata.managedFields?.find((e) => e.manager === manager)?.fieldsV1;

describe("updateManagedFields", () => {
  // As a real kube-apiserver 1.36 answers.
  it("gives what a create sets to its writer", () => {
    const pod = object({
      kind: "Pod",
      apiVersion: "v1",
      metadata: { name: "p", namespace: "n", labels: { b: "1", a: "2" } },
      spec: {
        containers: [
          {
            name: "c",
            image: "nginx",
            ports: [
              { containerPort: 443, protocol: "TCP" },
              { containerPort: 80, protocol: "TCP" },
            ],
            resources: {},
          },
        ],
        securityContext: {},
      },
      status: { phase: "Running" },
    });
    updateManagedFields(undefined, pod, {
      ...options(POD, "kubectl-create"),
      resetFields: [["status"]],
    });
    expect(JSON.stringify(pod.metadata.managedFields)).toBe(
      JSON.stringify([
        {
          manager: "kubectl-create",
          operation: "Update",
          apiVersion: "v1",
          time: T1,
          fieldsType: "FieldsV1",
          fieldsV1: {
            "f:metadata": { "f:labels": { ".": {}, "f:a": {}, "f:b": {} } },
            "f:spec": {
              "f:containers": {
                'k:{"name":"c"}': {
                  ".": {},
                  "f:image": {},
                  "f:name": {},
                  "f:ports": {
                    ".": {},
                    'k:{"containerPort":80,"protocol":"TCP"}': {
                      ".": {},
                      "f:containerPort": {},
                      "f:protocol": {},
                    },
                    'k:{"containerPort":443,"protocol":"TCP"}': {
                      ".": {},
                      "f:containerPort": {},
                      "f:protocol": {},
                    },
                  },
                  "f:resources": {},
                },
              },
              "f:securityContext": {},
            },
          },
        },
      ]),
    );
  });

  it("moves what changes to the one who changes it, and keeps the rest", () => {
    const live = write(undefined, configMap({ a: "1", b: "1" }, { uid: "u" }), "first");
    const next = write(live, configMap({ a: "2", b: "1" }, { uid: "u" }), "second", T2);
    expect(fieldsOf(next, "first")).toEqual({ "f:data": { ".": {}, "f:b": {} } });
    expect(fieldsOf(next, "second")).toEqual({ "f:data": { "f:a": {} } });
    expect(next.metadata.managedFields?.map((e) => e.time)).toEqual([T1, T2]);
  });

  it("leaves everything as it is, times included, when nothing changes", () => {
    const live = write(undefined, configMap({ a: "1" }, { uid: "u" }), "first");
    const next = write(live, configMap({ a: "1" }, { uid: "u" }), "second", T2);
    expect(next.metadata.managedFields).toEqual(live.metadata.managedFields);
    expect(next.metadata.managedFields?.[0]).toBe(live.metadata.managedFields?.[0]);
  });

  it("drops a manager whose last field goes", () => {
    const live = write(undefined, configMap({ a: "1" }, { uid: "u" }), "first");
    const more = write(live, configMap({ a: "1", b: "1" }, { uid: "u" }), "second", T2);
    const less = write(more, configMap({ a: "1" }, { uid: "u" }), "third", T2);
    expect(less.metadata.managedFields?.map((e) => e.manager)).toEqual(["first"]);
  });

  it("keeps entries of a subresource apart, without what it resets", () => {
    const pod = (phase: string) =>
      object({
        kind: "Pod",
        apiVersion: "v1",
        metadata: { name: "p", uid: "u" },
        spec: { containers: [{ name: "c", resources: {} }] },
        status: { phase },
      });
    const live = pod("Pending");
    updateManagedFields(undefined, live, { ...options(POD, "m"), resetFields: [["status"]] });
    const next = pod("Running");
    updateManagedFields(live, next, {
      ...options(POD, "m", T2),
      subresource: "status",
      resetFields: [["spec"]],
    });
    expect(next.metadata.managedFields).toEqual([
      live.metadata.managedFields?.[0],
      {
        manager: "m",
        operation: "Update",
        apiVersion: "v1",
        time: T2,
        fieldsType: "FieldsV1",
        fieldsV1: { "f:status": { "f:phase": {} } },
        subresource: "status",
      },
    ]);
  });

  describe("when the client sends managedFields", () => {
    const live = write(undefined, configMap({ a: "1" }, { uid: "u" }), "first");
    const entry = (more: Partial<ManagedFieldsEntry>): ManagedFieldsEntry => ({
      manager: "z",
      operation: "Update",
      apiVersion: "v1",
      fieldsType: "FieldsV1",
      fieldsV1: { "f:data": { "f:a": {}, ".": {} } },
      ...more,
    });
    const send = (managedFields: ManagedFieldsEntry[] | undefined) =>
      write(live, configMap({ a: "1" }, { uid: "u", managedFields }), "second", T2).metadata
        .managedFields;

    it("empties them with [] or [{}]", () => {
      expect(send([])).toBeUndefined();
      expect(send([{}])).toBeUndefined();
    });

    it("takes valid ones, in canonical order", () => {
      const [taken] = send([entry({})]) ?? [];
      expect(JSON.stringify(taken?.fieldsV1)).toBe('{"f:data":{".":{},"f:a":{}}}');
    });

    it.each([
      ["operation", { operation: "Bad" }],
      ["apiVersion", { apiVersion: "" }],
      ["fieldsType", { fieldsType: "FieldsV2" }],
      ["a path element", { fieldsV1: { data: {} } }],
      ["a key", { fieldsV1: { "f:data": { "k:{": {} } } }],
    ])("ignores them when %s is invalid", (_what, more) => {
      expect(send([entry(more as Partial<ManagedFieldsEntry>)])).toEqual(
        live.metadata.managedFields,
      );
    });

    it("treats none as the live ones", () => {
      expect(send(undefined)).toEqual(live.metadata.managedFields);
    });
  });

  it("does not begin to track an object that is not tracked", () => {
    const live = configMap({ a: "1" }, { uid: "u" });
    const next = write(live, configMap({ a: "2" }, { uid: "u" }), "m");
    expect(next.metadata).not.toHaveProperty("managedFields");
  });

  it("merges the oldest of more than ten updaters", () => {
    let live = write(undefined, configMap({}, { uid: "u" }), "m00");
    for (let i = 1; i <= 13; i++) {
      const data = Object.fromEntries(Array.from({ length: i }, (_, k) => [`k${k}`, "1"]));
      const time = `2026-01-01T00:00:${String(i).padStart(2, "0")}Z`;
      live = write(live, configMap(data, { uid: "u" }), `m${String(i).padStart(2, "0")}`, time);
    }
    const managers = live.metadata.managedFields?.map((e) => e.manager) ?? [];
    expect(managers).toHaveLength(10);
    expect(managers[0]).toBe("ancient-changes");
    expect(fieldsOf(live, "ancient-changes")).toEqual({
      "f:data": { ".": {}, "f:k0": {}, "f:k1": {}, "f:k2": {}, "f:k3": {} },
    });
  });

  it("owns every field exactly once, whoever writes what", () => {
    const data = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.constantFrom("1", "2"));
    const step = fc.record({ data, manager: fc.constantFrom("m1", "m2", "m3") });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        let live: KubernetesObject | undefined;
        for (const { data: next, manager } of steps) {
          const updated = configMap(next, { uid: "u", labels: { l: "1" } });
          live = write(live, updated, manager);
          const owned = (live.metadata.managedFields ?? []).flatMap((e) =>
            pathsOf(e.fieldsV1 as FieldSet).map((path) => path.join("/")),
          );
          expect(new Set(owned).size).toBe(owned.length);
          const expected = ["f:metadata/f:labels", "f:metadata/f:labels/f:l"];
          expected.push(...Object.keys(next).map((name) => `f:data/f:${name}`));
          expect(owned).toEqual(expect.arrayContaining(expected));
          expect(owned.filter((path) => path !== "f:data").length).toBe(expected.length);
        }
      }),
    );
  });
});
