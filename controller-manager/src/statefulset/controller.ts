// StatefulSets: Pods with names that stay, started and stopped in order.
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { claimChildren } from "@coracle/shared/controller/claim";
import { compiledSelector } from "@coracle/shared/controller/compiled-selector";
import { defineController, watchOf } from "@coracle/shared/controller/controller";
import { isDeleting } from "@coracle/shared/controller/owner-index";
import { applyPlan } from "./apply-plan.ts";
import { isMember } from "./members.ts";
import { planSet } from "./plan.ts";
import { historyOf, trimHistory } from "./revisions.ts";
import { computeStatus, nextAvailableAfterMs, sameStatus } from "./status.ts";

export const statefulSetController = defineController({
  name: "statefulset",
  reconciles: "statefulsets.apps",
  owns: ["pods"],
  // Their caches have to be complete; nothing in them wakes it.
  watches: [
    watchOf({ resource: "controllerrevisions.apps", handlers: () => ({}) }),
    watchOf({ resource: "persistentvolumeclaims", handlers: () => ({}) }),
  ],

  async reconcile(key, context) {
    const { client, lister, expectations, clock } = context;
    const cached = lister("statefulsets.apps").get(key);
    if (cached === undefined) {
      expectations.forget(key);
      return undefined;
    }
    // What it has done shows in the cache soon, and wakes it.
    if (!expectations.satisfied(key)) return undefined;
    const pods = await claimChildren<Pod>({
      client,
      controller: cached,
      controllerResource: "statefulsets.apps",
      resource: "pods",
      lister: lister("pods"),
      selector: compiledSelector(cached.spec.selector),
      isEligible: (pod) => isMember(pod, cached),
    });
    const history = await historyOf(cached, context);
    const set = {
      ...cached,
      status: { ...cached.status, collisionCount: history.collisionCount },
    };
    const nowMs = clock.now();
    const plan = isDeleting(set)
      ? { steps: [], replaces: false }
      : planSet(set, history, pods, nowMs);
    let failure: unknown;
    try {
      await applyPlan(plan, key, set, context);
    } catch (error) {
      failure = error;
    }
    const replaced = plan.replaces && failure === undefined ? 1 : 0;
    const status = computeStatus(set, history, pods, replaced, nowMs);
    if (!sameStatus(cached, status)) {
      await client.for("statefulsets.apps").updateStatus({ ...cached, status });
    }
    if (failure !== undefined) throw failure;
    await trimHistory(set, history, pods, context);
    return { requeueAfterMs: nextAvailableAfterMs(set, pods, nowMs) };
  },
});
