// What a fresh cluster holds of the kinds that Coracle serves (upstream: the API server's bootstrap controllers): as stored,
// but without uid and times. The file is what upstream 1.36 makes; a few objects depend on how this server was started.

import type { KubernetesObject, ResourceName } from "@coracle/shared/api/resources";
import type { Service } from "@coracle/shared/api/types/core-v1";
import { formatTime } from "@coracle/shared/runtime/clock";
import objectsJson from "./facts/bootstrap-objects.json" with { type: "json" };

export interface BootstrapOptions {
  /** The port at which API servers are to be found. */
  securePort: number;
  /** The CA of client certificates, PEM; absent when there is none. */
  clientCa?: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Without kind and apiVersion. */
export interface BootstrapObject {
  resource: ResourceName;
  object: KubernetesObject & { status?: { conditions?: { lastTransitionTime?: string }[] } };
}

type Fixed = Readonly<Partial<Record<ResourceName, BootstrapObject["object"][]>>>;

const fixed = objectsJson as unknown as Fixed;

/** The objects are shared: not to be changed. */
export function bootstrapObjects(options: BootstrapOptions): BootstrapObject[] {
  const objects = (Object.keys(fixed) as ResourceName[]).flatMap((resource) =>
    (fixed[resource] ?? []).map((object) => ({
      resource,
      object: resource === "services" ? withPort(object, options.securePort) : object,
    })),
  );
  const { clientCa, now } = options;
  if (clientCa !== undefined) {
    objects.push(configMap("extension-apiserver-authentication", { "client-ca-file": clientCa }));
  }
  const since = formatTime(now).slice(0, 10);
  objects.push(configMap("kube-apiserver-legacy-service-account-token-tracking", { since }));
  return objects;
}

function withPort(object: KubernetesObject, targetPort: number): KubernetesObject {
  const { spec, ...service } = object as Service;
  const ports = spec.ports?.map((row) => ({ ...row, targetPort }));
  return { ...service, spec: { ...spec, ports } } as KubernetesObject;
}

function configMap(name: string, data: Record<string, string>): BootstrapObject {
  const fields = Object.fromEntries(Object.keys(data).map((key) => [`f:${key}`, {}]));
  const owner = {
    manager: "kube-apiserver",
    operation: "Update",
    apiVersion: "v1",
    fieldsType: "FieldsV1",
    fieldsV1: { "f:data": { ".": {}, ...fields } },
  };
  const metadata = { namespace: "kube-system", name, managedFields: [owner] };
  return { resource: "configmaps", object: { metadata, data } as unknown as KubernetesObject };
}
