// What a Service's type implies (upstream: pkg/api/service and the registry's strategy).
import type { Service } from "@coracle/shared/api/types/core-v1";

export const NONE = "None";

export const externallyAccessible = ({ spec }: Service): boolean =>
  spec.type === "LoadBalancer" ||
  spec.type === "NodePort" ||
  (spec.type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0);

export const needsHealthCheck = ({ spec }: Service): boolean =>
  spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";

export const needsClusterIp = ({ spec }: Service): boolean => spec.type !== "ExternalName";

export const needsNodePort = ({ spec }: Service): boolean =>
  spec.type === "NodePort" || spec.type === "LoadBalancer";

/** No address of its own: DNS gives those of the Pods. */
export const isHeadless = ({ spec }: Service): boolean =>
  spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === NONE;

/** Node ports that are set. */
export const nodePortsOf = ({ spec }: Service): number[] =>
  (spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0).filter((port) => port !== 0);

export const sameList = <T>(a: readonly T[] | undefined, b: readonly T[] | undefined): boolean => {
  const left = a ?? [];
  const right = b ?? [];
  return left.length === right.length && left.every((item, i) => item === right[i]);
};
