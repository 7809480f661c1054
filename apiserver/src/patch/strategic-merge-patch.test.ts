import { StatusError } from "@coracle/shared/machinery/status-error";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const POD = "io.k8s.api.core.v1.Pod";
const DEPLOYMENT = "io.k8s.api.apps.v1.Deployment";

// Expected results are the answers of upstream's own Go code.
const cases: { name: string; type?: string; document: object; patch: object; expected: object }[] =
  [
    {
      name: "merges containers by name, keeping the order of the document",
      document: {
        spec: {
          containers: [
            { name: "a", image: "1" },
            { name: "b", image: "1" },
          ],
        },
      },
      patch: {
        spec: {
          containers: [
            { name: "b", image: "2" },
            { name: "c", image: "3" },
          ],
        },
      },
      expected: {
        spec: {
          containers: [
            { name: "a", image: "1" },
            { name: "b", image: "2" },
            { name: "c", image: "3" },
          ],
        },
      },
    },
    {
      name: "replaces lists without a merge strategy",
      document: { spec: { containers: [{ name: "a", args: ["1", "2"] }] } },
      patch: { spec: { containers: [{ name: "a", args: ["3"] }] } },
      expected: { spec: { containers: [{ name: "a", args: ["3"] }] } },
    },
    {
      name: "deletes by key and uses the freed place as upstream does",
      document: { spec: { volumes: [{ name: "a" }, { name: "b" }, { name: "c" }] } },
      patch: {
        spec: {
          volumes: [{ name: "b", $patch: "delete" }, { name: "n" }],
          "$setElementOrder/volumes": [{ name: "a" }, { name: "n" }],
        },
      },
      expected: { spec: { volumes: [{ name: "a" }, { name: "c" }, { name: "n" }] } },
    },
    {
      name: "replaces a list by directive",
      document: { spec: { volumes: [{ name: "a" }, { name: "b" }] } },
      patch: { spec: { volumes: [{ $patch: "replace" }, { name: "z" }] } },
      expected: { spec: { volumes: [{ name: "z" }] } },
    },
    {
      name: "replaces and deletes maps by directive",
      document: { metadata: { labels: { a: "1" }, annotations: { b: "2" } } },
      patch: {
        metadata: { labels: { $patch: "replace", z: "1" }, annotations: { $patch: "delete" } },
      },
      expected: { metadata: { labels: { z: "1" }, annotations: {} } },
    },
    {
      name: "keeps the keys that $retainKeys lists",
      type: DEPLOYMENT,
      document: { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } },
      patch: { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } },
      expected: { spec: { strategy: { type: "Recreate" } } },
    },
    {
      name: "deletes from and adds to lists of scalars",
      document: { metadata: { finalizers: ["a", "b", "c"] } },
      patch: { metadata: { "$deleteFromPrimitiveList/finalizers": ["b"] } },
      expected: { metadata: { finalizers: ["a", "c"] } },
    },
    {
      name: "orders by $setElementOrder",
      document: { spec: { containers: [{ name: "a" }, { name: "b" }, { name: "c" }] } },
      patch: {
        spec: { "$setElementOrder/containers": [{ name: "c" }, { name: "b" }, { name: "a" }] },
      },
      expected: { spec: { containers: [{ name: "c" }, { name: "b" }, { name: "a" }] } },
    },
    {
      name: "drops nulls of what is new, and deletes what exists",
      document: { metadata: { labels: { a: "1" } } },
      patch: { metadata: { labels: { a: null }, annotations: { x: null, y: "1" } } },
      expected: { metadata: { labels: {}, annotations: { y: "1" } } },
    },
  ];

describe("applyStrategicMergePatch", () => {
  it.each(cases)("$name", ({ type, document, patch, expected }) => {
    const before = structuredClone([document, patch]);
    expect(applyStrategicMergePatch(document, patch, type ?? POD)).toEqual(expected);
    expect([document, patch]).toEqual(before);
  });

  const pod = { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "nginx" }] } };

  it.each([
    [
      { spec: { containers: [{ image: "x" }] } },
      500,
      "",
      "map: map[image:x] does not contain declared merge key: name",
    ],
    [
      { spec: { "$setElementOrder/foo": [] } },
      500,
      "",
      'unable to find api field in struct PodSpec for the json field "foo"',
    ],
    [{ spec: { $retainKeys: 5 } }, 400, "BadRequest", "invalid patch format of retainKeys"],
    [
      { spec: { $retainKeys: ["volumes"], dnsPolicy: "x" } },
      400,
      "BadRequest",
      "invalid patch format of retainKeys",
    ],
    [{ metadata: { $patch: "bla" } }, 500, "", "unknown patch type: bla in map: map[$patch:bla]"],
    [
      { spec: { containers: [{ name: "c", $patch: "merge" }] } },
      500,
      "",
      "merging lists cannot yet be specified in the patch",
    ],
    [
      { spec: { containers: ["a"] } },
      500,
      "",
      "list element types are not identical: [[map[image:nginx name:c]] [a]]",
    ],
    [
      { spec: { containers: [null] } },
      500,
      "",
      "list element types are not identical: [[map[image:nginx name:c]] [<nil>]]",
    ],
    [
      [],
      400,
      "BadRequest",
      "json: cannot unmarshal array into Go value of type map[string]interface {}",
    ],
  ])("refuses %j", (patch, code, reason, message) => {
    let thrown: unknown;
    try {
      applyStrategicMergePatch(pod, patch, POD);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(StatusError);
    expect({ code: (thrown as StatusError).code, reason: (thrown as StatusError).reason }).toEqual({
      code,
      reason,
    });
    expect((thrown as StatusError).message).toBe(message);
  });

  it("shares what it does not touch", () => {
    const patched = applyStrategicMergePatch(pod, { metadata: { labels: { a: "b" } } }, POD);
    expect((patched as typeof pod).spec).toBe(pod.spec);
  });

  it("applying twice is applying once", () => {
    const container = fc.record({
      name: fc.constantFrom("a", "b", "c", "d"),
      image: fc.constantFrom("1", "2"),
    });
    const containers = fc.uniqueArray(container, { selector: (c) => c.name });
    fc.assert(
      fc.property(containers, containers, (live, patch) => {
        const body = { spec: { containers: patch } };
        const once = applyStrategicMergePatch({ spec: { containers: live } }, body, POD);
        expect(applyStrategicMergePatch(once, body, POD)).toEqual(once);
        const names = (once as { spec: { containers: { name: string }[] } }).spec.containers.map(
          (c) => c.name,
        );
        const all = [...live, ...patch].map((c) => c.name);
        expect(new Set(names)).toEqual(new Set(all));
        expect(names.length).toBe(new Set(all).size);
      }),
    );
  });
});
