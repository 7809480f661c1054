import { expect, it } from "vitest";
import type { KubernetesObject } from "../api/resources.ts";
import { controllerOf, controllerReference, isControlledBy } from "./owner-references.ts";

const named = (name: string, uid: string): KubernetesObject => ({
  metadata: { name, uid, resourceVersion: "1", creationTimestamp: "" },
});

it("finds the controller among the owners", () => {
  const owner = named("web", "u1");
  const reference = controllerReference(owner, "apps/v1", "ReplicaSet");
  const pod = named("web-1", "u2");
  expect(controllerOf(pod)).toBeUndefined();
  expect(isControlledBy(pod, owner)).toBe(false);
  pod.metadata.ownerReferences = [{ ...reference, uid: "u9", controller: false }, reference];
  expect(controllerOf(pod)).toEqual({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: "web",
    uid: "u1",
    controller: true,
    blockOwnerDeletion: true,
  });
  expect(isControlledBy(pod, owner)).toBe(true);
  expect(isControlledBy(pod, named("web", "u9"))).toBe(false);
});
