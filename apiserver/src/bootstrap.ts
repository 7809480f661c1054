// The objects that a fresh cluster has before anybody asked for them.
import { isAlreadyExists } from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";
import { updateManagedFields } from "./apply/managed-fields.ts";
import { ownershipLimits } from "./apply/reset-fields.ts";
import { decodeValue } from "./encoding/decode.ts";
import type { Registry } from "./registry/registry.ts";
import type { ResourceTable } from "./registry/resource-table.ts";
import type { AnyObject } from "./registry/served-resource.ts";
import type { User } from "./registry/user.ts";
import {
  type BootstrapObject,
  type BootstrapOptions,
  bootstrapObjects,
} from "./resources/bootstrap-objects.ts";

const SERVER: User = {
  name: "system:apiserver",
  uid: "",
  groups: ["system:masters", "system:authenticated"],
};

/** Namespaces first, as the rest lies in them. What is already there stays as it is. */
export async function createBootstrapObjects(
  registry: Registry,
  resources: ResourceTable,
  options: BootstrapOptions,
): Promise<void> {
  const all = bootstrapObjects(options);
  const time = formatTime(options.now);
  const create = (row: BootstrapObject) => createOne(registry, resources, row, time);
  await Promise.all(all.filter(({ resource }) => resource === "namespaces").map(create));
  await Promise.all(all.filter(({ resource }) => resource !== "namespaces").map(create));
}

async function createOne(
  registry: Registry,
  resources: ResourceTable,
  { resource: name, object: draft }: BootstrapObject,
  time: string,
): Promise<void> {
  const resource = resources.named(name);
  const { kind, apiVersion, typeName } = resource;
  const object = decodeValue({ kind, apiVersion, ...draft }, typeName, "Ignore")
    .object as AnyObject;
  const { namespace = "", name: objectName } = object.metadata;
  if (resource.cache.get(namespace, objectName) !== undefined) return;
  resource.behaviour.setDefaults(object);
  const manager = "kube-apiserver";
  const owned = { typeName, apiVersion, manager, time, ...ownershipLimits(resource.group, name) };
  updateManagedFields(undefined, object, owned);
  try {
    const target = { resource, namespace, name: objectName, subresource: "" };
    await registry.create(target, object, { user: SERVER, dryRun: false });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
