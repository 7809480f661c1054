import type { KubernetesObject, ResourceName } from "@coracle/shared/api/resources";
import { expect, test } from "vitest";
import { isRecounted } from "./recounts.ts";

const object = (spec: object, status: object = {}): KubernetesObject =>
  ({ metadata: { name: "x" }, spec, status }) as unknown as KubernetesObject;
const withCpu = (cpu: string) => ({
  containerStatuses: [{ name: "c", resources: { requests: { cpu } } }],
});

test.each<[string, ResourceName, KubernetesObject, KubernetesObject, boolean]>([
  ["a Pod starts", "pods", object({}), object({}, { phase: "Running" }), false],
  ["a Pod ends", "pods", object({}), object({}, { phase: "Failed" }), true],
  ["a Pod gets a deadline", "pods", object({}), object({ activeDeadlineSeconds: 1 }), true],
  ["a Pod is resized", "pods", object({}, withCpu("1")), object({}, withCpu("2")), true],
  ["a Pod keeps its size", "pods", object({}, withCpu("1")), object({}, withCpu("1")), false],
  ["a Service gets node ports", "services", object({}), object({ type: "NodePort" }), true],
  ["a Service stays inside", "services", object({}), object({ type: "ClusterIP" }), false],
  [
    "a claim is enlarged",
    "persistentvolumeclaims",
    object({}, { allocatedResources: { storage: "1Gi" } }),
    object({}, { allocatedResources: { storage: "2Gi" } }),
    true,
  ],
  [
    "a claim changes its class",
    "persistentvolumeclaims",
    object({ volumeAttributesClassName: "a" }),
    object({ volumeAttributesClassName: "b" }),
    true,
  ],
  ["anything else changes", "secrets", object({}), object({ x: 1 }), false],
])("%s: %s is counted again", (_, resource, old, now, expected) => {
  expect(isRecounted(resource, now, old, Date.UTC(2026, 0, 1))).toBe(expected);
});
