import type { Binding, Pod } from "@coracle/shared/api/types/core-v1";
import { StatusError } from "@coracle/shared/machinery/status-error";
import { describe, expect, test } from "vitest";
import { applyBinding, validateBinding } from "./binding.ts";

const NOW = Date.UTC(2026, 0, 1);

const podOf = (spec: object = {}, metadata: object = {}, status: object = {}): Pod =>
  ({
    metadata: { name: "p", namespace: "ns", uid: "u1", resourceVersion: "7", ...metadata },
    spec: { containers: [], ...spec },
    status: { phase: "Pending", ...status },
  }) as unknown as Pod;

const bindingTo = (name: string, metadata: object = {}): Binding =>
  ({ metadata: { name: "p", ...metadata }, target: { kind: "Node", name } }) as Binding;

function refusal(pod: Pod, binding: Binding): StatusError {
  try {
    applyBinding(pod, binding, NOW);
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error("bound");
}

test("a Pod gets its node, the condition and what the binding says of it", () => {
  const pod = podOf({}, { labels: { a: "b" }, generation: 1 }, { nominatedNodeName: "n0" });
  const binding = bindingTo("n1", { annotations: { x: "y" }, labels: { zone: "z" } });
  applyBinding(pod, binding, NOW);
  expect(pod.spec.nodeName).toBe("n1");
  expect(pod.metadata).toMatchObject({
    generation: 1,
    labels: { a: "b", zone: "z" },
    annotations: { x: "y" },
  });
  expect(pod.status).toEqual({
    phase: "Pending",
    conditions: [
      {
        type: "PodScheduled",
        status: "True",
        lastProbeTime: null,
        lastTransitionTime: "2026-01-01T00:00:00Z",
      },
    ],
  });
});

test("a condition that was false turns true in its place", () => {
  const conditions = [
    { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "m" },
    { type: "Other", status: "True" },
  ];
  const pod = podOf({}, {}, { conditions });
  applyBinding(pod, bindingTo("n1"), NOW);
  expect(pod.status.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
    ["PodScheduled", "True", undefined],
    ["Other", "True", undefined],
  ]);
});

describe("refusals", () => {
  test.each<[string, Pod, Binding, string]>([
    [
      "assigned",
      podOf({ nodeName: "n0" }),
      bindingTo("n1"),
      'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n0"',
    ],
    [
      "deleted",
      podOf({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      bindingTo("n1"),
      'Operation cannot be fulfilled on pods/binding "p": pod p is being deleted, cannot be assigned to a host',
    ],
    [
      "gated",
      podOf({ schedulingGates: [{ name: "a/b" }] }),
      bindingTo("n1"),
      'Operation cannot be fulfilled on pods/binding "p": pod p has non-empty .spec.schedulingGates',
    ],
    [
      "another uid",
      podOf(),
      bindingTo("n1", { uid: "u2" }),
      'Operation cannot be fulfilled on pods "p": StorageError: invalid object, Code: 4, Key: /registry/pods/ns/p, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: u2, UID in object meta: u1',
    ],
    [
      "another version",
      podOf(),
      bindingTo("n1", { resourceVersion: "1" }),
      'Operation cannot be fulfilled on pods "p": StorageError: invalid object, Code: 4, Key: /registry/pods/ns/p, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ResourceVersion in precondition: 1, ResourceVersion in object meta: 7',
    ],
  ])("%s", (_, pod, binding, message) => {
    const error = refusal(pod, binding);
    expect([error.code, error.message]).toEqual([409, message]);
  });

  test("a binding to something else, to nothing, of another name", () => {
    const wrong = { metadata: { name: "p" }, target: { kind: "Foo" } } as unknown as Binding;
    expect(validateBinding(wrong, "p")?.status).toMatchObject({
      code: 500,
      message:
        '[target.kind: Unsupported value: "Foo": supported values: "Node", "<empty>", target.name: Required value]',
    });
    expect(validateBinding(bindingTo("n1"), "q")?.status).toMatchObject({
      code: 400,
      message: "name in URL does not match name in Binding object",
    });
    expect(validateBinding(bindingTo("n1"), "p")).toBeUndefined();
  });
});
