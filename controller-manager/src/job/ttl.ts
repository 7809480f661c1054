// Deletes finished Jobs after their spec.ttlSecondsAfterFinished (upstream: ttlafterfinished).
import type { Job } from "@coracle/shared/api/types/batch-v1";
import { defineController } from "@coracle/shared/controller/controller";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { parseTime } from "@coracle/shared/runtime/clock";
import { isFinished } from "./conditions.ts";

/** When the Job is to go; undefined: it stays. */
export function expiresAtMs({ metadata, spec, status }: Job): number | undefined {
  const { ttlSecondsAfterFinished } = spec;
  if (ttlSecondsAfterFinished === undefined || metadata.deletionTimestamp !== undefined) {
    return undefined;
  }
  const end = status?.conditions?.find(
    ({ type, status: holds }) => holds === "True" && (type === "Complete" || type === "Failed"),
  );
  const endedAt = parseTime(end?.lastTransitionTime);
  return endedAt === undefined ? undefined : endedAt + ttlSecondsAfterFinished * 1000;
}

export const ttlController = defineController({
  name: "ttl-after-finished",
  reconciles: "jobs.batch",

  async reconcile(key, { client, lister, clock, logger }) {
    const cached = lister("jobs.batch").get(key);
    if (cached === undefined || !isFinished(cached)) return undefined;
    const at = expiresAtMs(cached);
    if (at === undefined) return undefined;
    const jobs = client.for("jobs.batch");
    if (at > clock.now()) return { requeueAfterMs: at - clock.now() };
    const { name, namespace } = cached.metadata;
    try {
      // It may have been given longer meanwhile.
      const fresh = await jobs.get(name, namespace);
      const freshAt = expiresAtMs(fresh);
      if (freshAt === undefined) return undefined;
      if (freshAt > clock.now()) return { requeueAfterMs: freshAt - clock.now() };
      const { uid, resourceVersion } = fresh.metadata;
      const propagationPolicy = "Foreground";
      await jobs.delete(name, { namespace, uid, resourceVersion, propagationPolicy });
      logger.info({ object: `job ${key}` }, "deleted finished job");
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  },
});
