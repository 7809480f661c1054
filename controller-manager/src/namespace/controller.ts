// Namespaces that are being deleted: empties them, then gives them free.
import type { Namespace } from "@coracle/shared/api/types/core-v1";
import {
  type ControllerContext,
  defineController,
  watchOf,
} from "@coracle/shared/controller/controller";
import { isConflict, isNotFound } from "@coracle/shared/machinery/status-error";
import { emptyNamespace } from "./content.ts";
import { computeConditions } from "./status.ts";

/**
 * Creations that were admitted just before the namespace began to terminate reach the store by
 * then.
 */
const LAST_WRITES_MS = 100;
const FINALIZER = "kubernetes";

export const namespaceController = defineController({
  name: "namespace",
  reconciles: "namespaces",
  workers: 10,
  // The grace period of Pods is an upper bound: when the last one is gone, there is no reason to
  // wait for its end.
  watches: [
    watchOf({
      resource: "pods",
      handlers: (context) => ({
        onDelete({ metadata }) {
          const namespace = metadata.namespace ?? "";
          const terminating = context.lister("namespaces").get(namespace);
          if (terminating?.metadata.deletionTimestamp === undefined) return;
          if (context.lister("pods").list(namespace).length === 0) context.enqueue(namespace);
        },
      }),
    }),
  ],

  async reconcile(key, context) {
    const { client, lister, clock } = context;
    const cached = lister("namespaces").get(key);
    if (!isTerminating(cached)) return undefined;
    await clock.sleep(LAST_WRITES_MS);
    try {
      let namespace = await client.for("namespaces").get(key);
      if (!isTerminating(namespace)) return undefined;
      if (namespace.status?.phase !== "Terminating") {
        const status = { ...namespace.status, phase: "Terminating" as const };
        namespace = await client.for("namespaces").updateStatus({ ...namespace, status });
      }
      return await terminate(namespace, context);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  },
});

const isTerminating = (namespace: Namespace | undefined): namespace is Namespace =>
  namespace?.metadata.deletionTimestamp !== undefined &&
  (namespace.spec.finalizers ?? []).length > 0;

async function terminate(
  namespace: Namespace,
  { client, clock, logger }: ControllerContext,
): Promise<{ requeueAfterMs: number } | undefined> {
  const { name } = namespace.metadata;
  const emptied = await emptyNamespace(client, namespace, clock.now());
  const before = namespace.status.conditions ?? [];
  const conditions = computeConditions(before, emptied, clock.now());
  let latest = namespace;
  if (conditions !== before) {
    const status = { ...namespace.status, conditions: [...conditions] };
    latest = await client.for("namespaces").updateStatus({ ...namespace, status });
  }
  const problems = [...emptied.discoveryFailures.map(({ message }) => message), ...emptied.errors];
  if (problems.length > 0) throw new Error(problems.join(", "));
  if (emptied.estimateSeconds > 0) {
    return { requeueAfterMs: (Math.floor(emptied.estimateSeconds / 2) + 1) * 1000 };
  }
  const finalizers = (latest.spec.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER);
  const finalized = { ...latest, spec: { ...latest.spec, finalizers } };
  try {
    await client.for("namespaces").subresource(name, "finalize", finalized, { method: "PUT" });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (isConflict(error)) return { requeueAfterMs: 0 };
    throw error;
  }
  logger.info({ object: `namespace ${name}` }, "namespace emptied");
  return undefined;
}
