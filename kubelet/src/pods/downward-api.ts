// Values of a Pod's own fields and of its containers' resources, for environment variables and downwardAPI volumes.
import type {
  Container,
  ObjectFieldSelector,
  Pod,
  ResourceFieldSelector,
} from "@coracle/shared/api/types/core-v1";
import { milliValue, value } from "@coracle/shared/machinery/quantity";

export interface PodAddresses {
  podIp: string;
  hostIp: string;
}

/** Throws with upstream's text for a path that is not supported. */
export function fieldValue(
  { fieldPath }: ObjectFieldSelector,
  pod: Pod,
  { podIp, hostIp }: PodAddresses,
): string {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (subscript !== null) {
    return metadata[subscript[1] as "labels" | "annotations"]?.[subscript[2] as string] ?? "";
  }
  switch (fieldPath) {
    case "metadata.name":
      return metadata.name;
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return metadata.uid;
    case "metadata.labels":
      return formatMap(metadata.labels);
    case "metadata.annotations":
      return formatMap(metadata.annotations);
    case "spec.nodeName":
      return spec.nodeName ?? "";
    case "spec.serviceAccountName":
      return spec.serviceAccountName ?? "";
    case "status.hostIP":
    case "status.hostIPs":
      return hostIp;
    case "status.podIP":
    case "status.podIPs":
      return podIp;
    default:
      throw new Error(`unsupported fieldPath: ${fieldPath}`);
  }
}

const formatMap = (map: Record<string, string> | undefined): string =>
  Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${JSON.stringify(map?.[key])}`)
    .join("\n");

/** `allocatable`: the node's, which a container without a limit may use. */
export function resourceFieldValue(
  selector: ResourceFieldSelector,
  pod: Pod,
  own: Container | undefined,
  allocatable: Readonly<Record<string, string>>,
): string {
  const name = selector.containerName;
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const container = name ? all.find((each) => each.name === name) : own;
  if (container === undefined) throw new Error(`container ${name} not found`);
  const [kind, resource] = selector.resource.split(/\.(.*)/) as ["limits" | "requests", string];
  const { limits, requests } = container.resources ?? {};
  const quantity =
    kind === "limits"
      ? (limits?.[resource] ?? allocatable[resource])
      : (requests?.[resource] ?? limits?.[resource]);
  const divisor = selector.divisor && selector.divisor !== "0" ? selector.divisor : "1";
  if (quantity === undefined) return "0";
  if (resource === "cpu") return String(Math.ceil(milliValue(quantity) / milliValue(divisor)));
  return String(Math.ceil(value(quantity) / value(divisor)));
}
