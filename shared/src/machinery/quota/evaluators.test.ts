import { describe, expect, test } from "vitest";
import type { KubernetesObject } from "../../api/resources.ts";
import type { ResourceQuota } from "../../api/types/core-v1.ts";
import type { Amounts } from "./amounts.ts";
import { evaluatorOf, sumUsage } from "./evaluators.ts";

const NOW = Date.UTC(2026, 0, 1);
const pods = { group: "", resource: "pods" };

const podOf = (spec: object, rest: object = {}): KubernetesObject =>
  ({
    metadata: { name: "p", namespace: "ns" },
    spec: { containers: [{ name: "c", image: "i" }], ...spec },
    ...rest,
  }) as unknown as KubernetesObject;

const asking = (cpu: string, rest: object = {}) => ({
  name: `c${cpu}`,
  resources: { requests: { cpu } },
  ...rest,
});

function quotaOf(hard: Amounts, spec: object = {}): ResourceQuota {
  return { metadata: { name: "q" }, spec: { hard, ...spec }, status: {} } as ResourceQuota;
}

const used = (quota: ResourceQuota, objects: KubernetesObject[], of = pods): Amounts => {
  const evaluator = evaluatorOf(of);
  if (evaluator === undefined) throw new Error("not counted");
  return sumUsage(quota, evaluator, objects, NOW);
};

describe("what Pods use", () => {
  test.each<[string, object, Amounts]>([
    ["nothing asked for", {}, { pods: "1", cpu: "0" }],
    ["the sum", { containers: [asking("100m"), asking("1")] }, { pods: "1", cpu: "1100m" }],
    [
      "the largest moment",
      { containers: [asking("100m")], initContainers: [asking("2")] },
      { pods: "1", cpu: "2" },
    ],
    [
      "sidecars beside containers",
      {
        containers: [asking("100m")],
        initContainers: [asking("200m", { restartPolicy: "Always" }), asking("50m")],
      },
      { pods: "1", cpu: "300m" },
    ],
    [
      "overhead",
      { containers: [asking("100m")], overhead: { cpu: "25m" } },
      { pods: "1", cpu: "125m" },
    ],
    [
      "what the Pod says itself",
      { containers: [asking("100m")], resources: { requests: { cpu: "3" } } },
      { pods: "1", cpu: "3" },
    ],
  ])("%s", (_, spec, expected) => {
    expect(used(quotaOf({ pods: "9", cpu: "9" }), [podOf(spec)])).toEqual(expected);
  });

  test("one that has ended is an object only", () => {
    const quota = quotaOf({ pods: "9", "count/pods": "9" });
    const ended = podOf({}, { status: { phase: "Succeeded" } });
    expect(used(quota, [podOf({}), ended])).toEqual({ pods: "1", "count/pods": "2" });
  });

  test("one that should be gone is no longer charged for", () => {
    const metadata = {
      name: "p",
      deletionTimestamp: "2025-12-31T23:59:00Z",
      deletionGracePeriodSeconds: 30,
    };
    expect(used(quotaOf({ pods: "9" }), [podOf({}, { metadata })])).toEqual({ pods: "0" });
  });

  test("during a resize, the more of what it has and what it is to get", () => {
    const status = {
      containerStatuses: [{ name: "c1", resources: { requests: { cpu: "2" } } }],
    };
    const pod = podOf({ containers: [asking("1")] }, { status });
    expect(used(quotaOf({ cpu: "9" }), [pod])).toEqual({ cpu: "2" });
  });

  test.each<[string, object, number]>([
    ["BestEffort", {}, 1],
    ["BestEffort", { containers: [asking("1")] }, 0],
    ["NotBestEffort", { containers: [asking("1")] }, 1],
    ["Terminating", { activeDeadlineSeconds: 0 }, 1],
    ["NotTerminating", { activeDeadlineSeconds: 5 }, 0],
    ["PriorityClass", { priorityClassName: "high" }, 1],
    ["PriorityClass", {}, 0],
  ])("scope %s of %j counts %i", (scope, spec, count) => {
    const quota = quotaOf({ pods: "9" }, { scopes: [scope] });
    expect(used(quota, [podOf(spec)])).toEqual({ pods: String(count) });
  });

  test("a selector names priority classes", () => {
    const matchExpressions = [{ scopeName: "PriorityClass", operator: "In", values: ["a", "b"] }];
    const quota = quotaOf({ pods: "9" }, { scopeSelector: { matchExpressions } });
    const named = ["a", "b", "c"].map((priorityClassName) => podOf({ priorityClassName }));
    expect(used(quota, named)).toEqual({ pods: "2" });
  });
});

describe("what other kinds use", () => {
  const object = (spec: object, status: object = {}): KubernetesObject =>
    ({ metadata: { name: "x" }, spec, status }) as unknown as KubernetesObject;

  test("services by type", () => {
    const ports = [{ port: 80 }, { port: 81, nodePort: 30_000 }];
    const types = [
      { type: "ClusterIP", ports },
      { type: "NodePort", ports },
      { type: "LoadBalancer", ports, allocateLoadBalancerNodePorts: false },
    ];
    const quota = quotaOf({
      services: "9",
      "services.nodeports": "9",
      "services.loadbalancers": "9",
    });
    const of = { group: "", resource: "services" };
    expect(
      used(
        quota,
        types.map((spec) => object(spec)),
        of,
      ),
    ).toEqual({
      services: "3",
      "services.nodeports": "3",
      "services.loadbalancers": "1",
    });
  });

  test("claims by class, in whole bytes, with what was allocated", () => {
    const asks = (storage: string, storageClassName?: string) => ({
      storageClassName,
      resources: { requests: { storage } },
    });
    const gold = "gold.storageclass.storage.k8s.io/requests.storage";
    const quota = quotaOf({
      "requests.storage": "9Gi",
      [gold]: "9Gi",
      persistentvolumeclaims: "9",
    });
    const claims = [
      object(asks("1Gi")),
      object(asks("1Gi", "gold"), { allocatedResources: { storage: "2Gi" } }),
    ];
    expect(used(quota, claims, { group: "", resource: "persistentvolumeclaims" })).toEqual({
      "requests.storage": "3Gi",
      [gold]: "2Gi",
      persistentvolumeclaims: "2",
    });
  });

  test("devices by class: of alternatives the worst", () => {
    const request = (deviceClassName: string, count: number) => ({
      deviceClassName,
      allocationMode: "ExactCount",
      count,
    });
    const claim = object({
      devices: {
        requests: [
          { name: "a", exactly: request("gpu", 2) },
          { name: "b", firstAvailable: [request("gpu", 1), request("gpu", 3)] },
          { name: "c", exactly: { deviceClassName: "nic", allocationMode: "All" } },
        ],
      },
    });
    const of = { group: "resource.k8s.io", resource: "resourceclaims" };
    const names = ["gpu", "nic"].map((name) => `${name}.deviceclass.resource.k8s.io/devices`);
    const [gpu = "", nic = ""] = names;
    expect(used(quotaOf({ [gpu]: "9", [nic]: "99" }), [claim], of)).toEqual({
      [gpu]: "5",
      [nic]: "32",
    });
  });

  test("any kind by its objects, some under an older name as well", () => {
    const quota = quotaOf({ "count/jobs.batch": "9", secrets: "9", "count/secrets": "9" });
    const two = [object({}), object({})];
    expect(used(quota, two, { group: "batch", resource: "jobs" })).toEqual({
      "count/jobs.batch": "2",
    });
    expect(used(quota, two, { group: "", resource: "secrets" })).toEqual({
      secrets: "2",
      "count/secrets": "2",
    });
    expect(evaluatorOf({ group: "", resource: "events" })).toBeUndefined();
  });
});
