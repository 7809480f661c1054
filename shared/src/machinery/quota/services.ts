// What Services use (upstream: pkg/quota/v1/evaluator/core services.go).
import type { Service } from "../../api/types/core-v1.ts";
import type { Amounts } from "./amounts.ts";
import type { QuotaEvaluator } from "./evaluator.ts";

const RESOURCES = new Set([
  "count/services",
  "services",
  "services.nodeports",
  "services.loadbalancers",
]);

/** Node ports are not handed out yet when a Service is charged, so what is meant to get one counts. */
function nodePorts({ spec }: Service): number {
  const ports = spec.ports ?? [];
  if (spec.type === "NodePort") return ports.length;
  if (spec.type !== "LoadBalancer") return 0;
  if (spec.allocateLoadBalancerNodePorts !== false) return ports.length;
  return ports.filter(({ nodePort }) => (nodePort ?? 0) !== 0).length;
}

export const serviceEvaluator: QuotaEvaluator = {
  matching: (names) => names.filter((name) => RESOURCES.has(name)).sort(),
  usage(object): Amounts {
    const service = object as Service;
    return {
      "count/services": "1",
      services: "1",
      "services.loadbalancers": service.spec.type === "LoadBalancer" ? "1" : "0",
      "services.nodeports": String(nodePorts(service)),
    };
  },
  matchesScope: () => false,
  changedBy: (subresource) => subresource === "",
};
