// EndpointSlices: the addresses of the Pods behind each Service.
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { Service } from "@coracle/shared/api/types/core-v1";
import type { EndpointSlice } from "@coracle/shared/api/types/discovery-v1";
import {
  type ControllerContext,
  type ControllerDefinition,
  defineController,
  watchOf,
} from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { isDeleting } from "@coracle/shared/controller/owner-index";
import { isConflict, isNotFound } from "@coracle/shared/machinery/status-error";
import { podHandlers, podsBehind, selectsPods } from "../endpoints/service-pods.ts";
import { TRIGGER_TIME, TriggerTimes } from "../endpoints/trigger-times.ts";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";
import { PendingWrites } from "./pending-writes.ts";
import { MANAGED_BY, MANAGER, planSlices, SERVICE_NAME, type SlicePlan } from "./plan.ts";

/** Index of slices by the key of their Service. */
export const BY_SERVICE = "service";

const serviceKey = ({ metadata }: KubernetesObject): string =>
  `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME] ?? ""}`;

const isOurs = ({ metadata }: EndpointSlice): boolean => metadata.labels?.[MANAGED_BY] === MANAGER;

/** Indexer for {@link BY_SERVICE}: only slices of this controller. */
export const byService = (slice: EndpointSlice): string[] =>
  isOurs(slice) ? [serviceKey(slice)] : [];

export function endpointSliceController(): ControllerDefinition {
  const times = new TriggerTimes();
  const pending = new PendingWrites();
  return defineController({
    name: "endpointslice",
    component: "endpoint-slice-controller",
    reconciles: "services",
    watches: [
      watchOf({ resource: "pods", handlers: podHandlers }),
      watchOf({
        resource: "endpointslices.discovery.k8s.io",
        handlers: ({ enqueue }) => {
          const seen = (slice: EndpointSlice, deleted = false) => {
            if (!isOurs(slice)) return;
            pending.seen(serviceKey(slice), slice, deleted);
            enqueue(serviceKey(slice));
          };
          return {
            onAdd: (slice) => seen(slice),
            onUpdate(old, slice) {
              if (serviceKey(old) !== serviceKey(slice) || !isOurs(slice)) seen(old, true);
              seen(slice);
            },
            onDelete: (slice) => seen(slice, true),
          };
        },
      }),
      // A Pod may be seen before its node; nothing else of a node matters but its zone.
      watchOf({ resource: "nodes", handlers: () => ({}) }),
    ],
    reconcile: (key, context) => reconcile(key, { times, pending }, context),
  });
}

interface Memory {
  times: TriggerTimes;
  pending: PendingWrites;
}

async function reconcile(
  key: string,
  { times, pending }: Memory,
  context: ControllerContext,
): Promise<undefined> {
  const { lister, recorder } = context;
  const service = lister("services").get(key);
  if (service === undefined) {
    times.forget(key);
    pending.forget(key);
    return undefined;
  }
  if (!selectsPods(service)) return undefined;
  // What it has written wakes it when it arrives.
  if (pending.has(key)) return undefined;
  const pods = podsBehind(service, context);
  const trigger = times.annotation(key, service, pods);
  const plan = planSlices({
    service,
    pods,
    slices: lister("endpointslices.discovery.k8s.io").byIndex(BY_SERVICE, key),
    nodeOf: (name) => lister("nodes").get(name),
  });
  try {
    await applyPlan(plan, service, trigger, { key, pending, context });
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined;
    if (!isConflict(error)) {
      const message = `Error updating Endpoint Slices for Service ${key}: ${(error as Error).message}`;
      const subject = service as EventSubject;
      recorder.event(subject, "Warning", "FailedToUpdateEndpointSlices", message);
    }
    throw error;
  }
  const [lost] = plan.withoutNode;
  if (lost !== undefined) {
    const { name } = lost.metadata;
    throw new Error(
      `skipping Pod ${name} for Service ${key}: Node ${lost.spec.nodeName} Not Found`,
    );
  }
  return undefined;
}

interface Applying {
  key: string;
  pending: PendingWrites;
  context: ControllerContext;
}

async function applyPlan(
  plan: SlicePlan,
  service: Service,
  trigger: Record<string, string>,
  { key, pending, context }: Applying,
): Promise<void> {
  const slices = context.client.for("endpointslices.discovery.k8s.io");
  const annotated = <M extends { annotations?: Record<string, string> }>(metadata: M): M => {
    const { [TRIGGER_TIME]: _old, ...annotations } = metadata.annotations ?? {};
    return { ...metadata, annotations: { ...annotations, ...trigger } };
  };
  for (const slice of isDeleting(service) ? [] : plan.create) {
    pending.wrote(key, await slices.create({ ...slice, metadata: annotated(slice.metadata) }));
  }
  for (const slice of plan.update) {
    pending.wrote(key, await slices.update({ ...slice, metadata: annotated(slice.metadata) }));
  }
  for (const slice of plan.delete) {
    const { name, namespace } = slice.metadata;
    try {
      await slices.delete(name, { namespace });
      pending.deleted(key, slice);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
