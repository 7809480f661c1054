// PodResizeValidator: a bound Pod is resized only on a Linux node that has room for it as a whole.
import type { Node, Pod } from "@coracle/shared/api/types/core-v1";
import { podRequests } from "@coracle/shared/machinery/pod-resources";
import { milliValue, value } from "@coracle/shared/machinery/quantity";
import type { ResourceTable } from "../registry/resource-table.ts";
import { type AdmissionPlugin, type Attributes, refusal } from "./chain.ts";
import { ObjectLister } from "./object-lister.ts";

const OS_LABEL = "kubernetes.io/os";

function refuse(attributes: Attributes, why: string, reason: string) {
  const error = refusal(attributes, why);
  error.status.details = { ...error.status.details, causes: [{ reason }] };
  return error;
}

function shortage(pod: Pod, { status }: Node): string | undefined {
  const { milliCpu, memoryBytes } = podRequests(pod);
  const cpu = milliValue(status.allocatable?.cpu ?? "0");
  const memory = value(status.allocatable?.memory ?? "0");
  const texts: string[] = [];
  if (milliCpu > cpu) texts.push(`cpu, requested: ${milliCpu}, allocatable: ${cpu}`);
  if (memoryBytes > memory) {
    texts.push(`memory, requested: ${memoryBytes}, allocatable: ${memory}`);
  }
  if (texts.length === 0) return undefined;
  return `node didn't have enough allocatable resources: ${texts.join("; ")}`;
}

export function podResize(resources: ResourceTable): AdmissionPlugin {
  const pods = resources.named("pods");
  const nodes = new ObjectLister<Node>(resources.named("nodes"));
  return {
    name: "PodResizeValidator",
    validate(attributes) {
      const { operation, resource, subresource, object, old } = attributes;
      if (subresource !== "resize" || resource !== pods || operation !== "UPDATE") return;
      if (object?.metadata.generation === old?.metadata.generation) return;
      const pod = object as unknown as Pod;
      const { nodeName = "" } = pod.spec;
      if (nodeName === "") return;
      const node = nodes.get("", nodeName);
      if (node === undefined) {
        throw refusal(attributes, `node ${JSON.stringify(nodeName)} not found`);
      }
      const os = node.metadata.labels?.[OS_LABEL] ?? "linux";
      if (os !== "linux") {
        const why = `pod resize is only supported on linux nodes, node "${nodeName}" is "${os}"`;
        throw refuse(attributes, why, "UnsupportedPlatform");
      }
      const lacking = shortage(pod, node);
      if (lacking !== undefined) throw refuse(attributes, lacking, "NodeCapacity");
    },
  };
}
