// How admission writes what a quota shows as used: as any client would, by its status.
import type { ResourceQuota } from "@coracle/shared/api/types/core-v1";
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import { updateManagedFields } from "../apply/managed-fields.ts";
import { ownershipLimits } from "../apply/reset-fields.ts";
import type { Registry } from "../registry/registry.ts";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import { serverUser } from "../registry/user.ts";
import type { UpdateQuota } from "./resource-quota.ts";

const MANAGER = "kube-apiserver";
/** The next decision has to see this write, which on a shared store takes a moment. */
const SEEN_MS_MAX = 5_000;

/** The registry is made after the admission that it needs, hence a function. */
export function quotaUpdater(
  quotas: ServedResource,
  registry: () => Registry,
  clock: Clock,
): UpdateQuota {
  return async (quota) => {
    const { namespace = "", name } = quota.metadata;
    const written = await registry().update(
      { resource: quotas, namespace, name, subresource: "status" },
      (current) => {
        const object = structuredClone(quota) as unknown as AnyObject;
        updateManagedFields(current?.object, object, {
          typeName: quotas.typeName,
          apiVersion: quotas.apiVersion,
          manager: MANAGER,
          time: formatTime(clock.now()),
          subresource: "status",
          otherVersions: quotas.otherVersions,
          ...ownershipLimits(quotas.group, quotas.resource, "status"),
        });
        return object;
      },
      { user: serverUser, dryRun: false },
      quotas.behaviour.statusStrategy,
    );
    const { metadata } = JSON.parse(written.bytes.toString()) as ResourceQuota;
    await quotas.cache.waitFor(Number(metadata.resourceVersion), SEEN_MS_MAX);
  };
}
