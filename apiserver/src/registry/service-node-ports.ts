// One key of the store for each node port in use, written with the Service that has it: two API servers that look for a port at
// the same time cannot both get it (upstream: the port allocator of the services registry, which keeps one bitmap).
import type { Service } from "@coracle/shared/api/types/core-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { invalid } from "@coracle/shared/machinery/status-error";
import { nodePortsOf } from "../resources/core/service-rules.ts";
import type { Operation } from "../storage/storage.ts";
import type { CompanionsOf } from "./companions.ts";
import type { ResourceTable } from "./resource-table.ts";
import type { AnyObject, ServedResource } from "./served-resource.ts";

const KEYS = "/registry/ranges/servicenodeports/";

function portsOf(object: AnyObject | undefined): readonly number[] {
  if (object === undefined) return [];
  const service = object as unknown as Service;
  const { healthCheckNodePort = 0 } = service.spec;
  const ports = new Set(nodePortsOf(service));
  if (healthCheckNodePort !== 0) ports.add(healthCheckNodePort);
  return [...ports];
}

export function serviceNodePorts(resources: ResourceTable): CompanionsOf {
  const services = resources.named("services");
  return ({ resource, before, after }) => {
    if (resource !== services) return undefined;
    const had = portsOf(before);
    const wanted = portsOf(after);
    const added = wanted.filter((port) => !had.includes(port));
    const gone = had.filter((port) => !wanted.includes(port));
    if (added.length + gone.length === 0) return undefined;
    for (const port of added) checkFree(after as AnyObject, port, services);
    const value = Buffer.from(JSON.stringify({ service: keyOf((after ?? before) as AnyObject) }));
    const made = added.map((port): Operation => ({ type: "put", key: `${KEYS}${port}`, value }));
    const freed = gone.map((port): Operation => ({ type: "delete", key: `${KEYS}${port}` }));
    const compares = made.map(({ key }) => ({ key, revision: 0 }));
    return { compares, operations: [...made, ...freed], caches: [services.cache] };
  };
}

const keyOf = ({ metadata }: AnyObject): string => `${metadata.namespace}/${metadata.name}`;

/** Admission has seen it free; another server may have been faster. */
function checkFree(service: AnyObject, port: number, services: ServedResource): void {
  for (const { bytes, name, namespace } of services.cache.list({}).items) {
    if (`${namespace}/${name}` === keyOf(service)) continue;
    if (!portsOf(JSON.parse(bytes.toString()) as AnyObject).includes(port)) continue;
    const { ports = [] } = (service as unknown as Service).spec;
    const index = ports.findIndex(({ nodePort }) => nodePort === port);
    const field = index < 0 ? "spec.healthCheckNodePort" : `spec.ports[${index}].nodePort`;
    const finding = invalidValue(field, port, "provided port is already allocated");
    throw invalid({ group: "", kind: "Service" }, service.metadata.name, [finding]);
  }
}
