// Endpoints: the addresses of the Pods behind each Service, in the form of older times.
import { keyOf, splitKey } from "@coracle/shared/api/resources";
import type { Endpoints, Service } from "@coracle/shared/api/types/core-v1";
import {
  type ControllerContext,
  type ControllerDefinition,
  defineController,
  watchOf,
} from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import { isConflict, isNotFound } from "@coracle/shared/machinery/status-error";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";
import { isHeadless, podHandlers, podsBehind, selectsPods } from "./service-pods.ts";
import { isOverCapacity, subsetsOf, truncated } from "./subsets.ts";
import { TRIGGER_TIME, TriggerTimes } from "./trigger-times.ts";

const MANAGED_BY = "endpoints.kubernetes.io/managed-by";
const MANAGER = "endpoint-controller";
const HEADLESS = "service.kubernetes.io/headless";
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";

export function endpointsController(): ControllerDefinition {
  const times = new TriggerTimes();
  return defineController({
    name: "endpoints",
    component: MANAGER,
    reconciles: "services",
    watches: [
      watchOf({ resource: "pods", handlers: podHandlers }),
      watchOf({
        resource: "endpoints",
        // Those whose Service is gone are deleted; those that people make may come before their Service.
        handlers: ({ enqueue }) => ({
          onAdd(endpoints) {
            if (endpoints.metadata.labels?.[MANAGED_BY] === MANAGER) enqueue(keyOf(endpoints));
          },
          onDelete: (endpoints) => enqueue(keyOf(endpoints)),
        }),
      }),
    ],
    reconcile: (key, context) => reconcile(key, times, context),
  });
}

async function reconcile(
  key: string,
  times: TriggerTimes,
  context: ControllerContext,
): Promise<undefined> {
  const { client, lister } = context;
  const service = lister("services").get(key);
  const before = lister("endpoints").get(key);
  if (service === undefined) {
    times.forget(key);
    if (before === undefined) return undefined;
    const { namespace, name } = splitKey(key);
    try {
      await client.for("endpoints").delete(name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  }
  if (!selectsPods(service)) return undefined;
  const pods = podsBehind(service, context);
  const trigger = times.annotation(key, service, pods);
  const wanted = endpointsOf(service, subsetsOf(service, pods), before, trigger);
  if (before !== undefined && isSame(before, wanted)) return undefined;
  try {
    if (before === undefined) await client.for("endpoints").create(wanted);
    else await client.for("endpoints").update(wanted);
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined;
    if (!isConflict(error)) tell(service, wanted, before !== undefined, error as Error, context);
    throw error;
  }
  return undefined;
}

function endpointsOf(
  { metadata, ...service }: Service,
  subsets: Endpoints["subsets"] = [],
  before: Endpoints | undefined,
  trigger: Record<string, string>,
): Endpoints {
  const { name, namespace, labels } = metadata;
  const tooMany = isOverCapacity({ subsets });
  const annotations = { ...before?.metadata.annotations, ...trigger };
  if (!(TRIGGER_TIME in trigger)) delete annotations[TRIGGER_TIME];
  if (tooMany) annotations[OVER_CAPACITY] = "truncated";
  else delete annotations[OVER_CAPACITY];
  const { [HEADLESS]: _headless, ...others } = labels ?? {};
  return {
    kind: "Endpoints",
    apiVersion: "v1",
    metadata: {
      ...(before?.metadata ?? { name, namespace }),
      labels: {
        ...others,
        ...(isHeadless({ metadata, ...service }) && { [HEADLESS]: "" }),
        [MANAGED_BY]: MANAGER,
      },
      annotations,
    } as Endpoints["metadata"],
    ...(subsets.length > 0 && { subsets: tooMany ? truncated(subsets) : subsets }),
  };
}

/** The trigger time alone is no reason to write. */
function isSame(before: Endpoints, wanted: Endpoints): boolean {
  const over = ({ metadata }: Endpoints) => metadata.annotations?.[OVER_CAPACITY];
  return (
    semanticEqual(before.subsets, wanted.subsets) &&
    semanticEqual(Object.entries(labelsOf(before)), Object.entries(labelsOf(wanted))) &&
    over(before) === over(wanted)
  );
}

const labelsOf = ({ metadata }: Endpoints): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));

function tell(
  { metadata }: Service,
  endpoints: Endpoints,
  existed: boolean,
  { message }: Error,
  { recorder }: ControllerContext,
): void {
  const key = `${metadata.namespace}/${metadata.name}`;
  const subject = endpoints as EventSubject;
  if (existed) {
    const text = `Failed to update endpoint ${key}: ${message}`;
    recorder.event(subject, "Warning", "FailedToUpdateEndpoint", text);
  } else {
    const text = `Failed to create endpoint for service ${key}: ${message}`;
    recorder.event(subject, "Warning", "FailedToCreateEndpoint", text);
  }
}
