// Carries out a StatefulSet's plan, with upstream's events.
import type { StatefulSet } from "@coracle/shared/api/types/apps-v1";
import type { ControllerContext } from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { isAlreadyExists, isNotFound } from "@coracle/shared/machinery/status-error";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";
import { slowStart } from "../replicaset/slow-start.ts";
import { createClaims, hasStaleClaim, updateClaimOwners } from "./claims.ts";
import { isOrdered, ordinalOf, repaired } from "./members.ts";
import type { SetPlan, Step } from "./plan.ts";

/** Throws what failed, and does nothing after it. */
export async function applyPlan(
  { steps }: SetPlan,
  key: string,
  set: StatefulSet,
  context: ControllerContext,
): Promise<void> {
  if (isOrdered(set)) {
    for (const step of steps) await take(step, key, set, context);
    return;
  }
  const waiting = [...steps];
  const { error } = await slowStart(steps.length, () =>
    take(waiting.shift() as Step, key, set, context),
  );
  if (error !== undefined) throw error;
}

function take(
  step: Step,
  key: string,
  set: StatefulSet,
  context: ControllerContext,
): Promise<void> {
  switch (step.type) {
    case "create":
      return create(step, key, set, context);
    case "delete":
      return remove(step, key, set, context);
    case "repair":
      return repair(step, set, context);
  }
}

type Verb = "Create" | "Update" | "Delete";

function tell(
  verb: Verb,
  pod: string,
  set: StatefulSet,
  error: unknown,
  { recorder }: ControllerContext,
): void {
  const what = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`;
  const subject = set as EventSubject;
  if (error === undefined) {
    recorder.event(subject, "Normal", `Successful${verb}`, `${what} successful`);
  } else {
    const message = `${what} failed error: ${(error as Error).message}`;
    recorder.event(subject, "Warning", `Failed${verb}`, message);
  }
}

async function create(
  { pod, ordinal }: Step & { type: "create" },
  key: string,
  set: StatefulSet,
  context: ControllerContext,
): Promise<void> {
  const { client, expectations, logger } = context;
  if (hasStaleClaim(set, ordinal, context)) return;
  const { name = "" } = pod.metadata;
  expectations.expectCreations(key, 1);
  try {
    await createClaims(set, ordinal, context);
    const created = await client.for("pods").create(pod);
    logger.info({ object: `pod ${created.metadata.namespace}/${name}` }, "created pod");
    await updateClaimOwners(set, created, ordinal, context);
    tell("Create", name, set, undefined, context);
  } catch (error) {
    expectations.creationObserved(key);
    // Whatever is created there would go away with the namespace.
    if (isNamespaceTerminating(error)) return;
    if (!isAlreadyExists(error)) tell("Create", name, set, error, context);
    throw error;
  }
}

async function remove(
  { pod }: Step & { type: "delete" },
  key: string,
  set: StatefulSet,
  context: ControllerContext,
): Promise<void> {
  const { client, expectations, logger } = context;
  const { name, namespace, uid } = pod.metadata;
  expectations.expectDeletions(key, [uid]);
  try {
    await client.for("pods").delete(name, { namespace });
    logger.info({ object: `pod ${namespace}/${name}` }, "deleted pod");
  } catch (error) {
    expectations.deletionObserved(key, uid);
    if (!isNotFound(error)) {
      tell("Delete", name, set, error, context);
      throw error;
    }
  }
  tell("Delete", name, set, undefined, context);
}

async function repair(
  { pod }: Step & { type: "repair" },
  set: StatefulSet,
  context: ControllerContext,
): Promise<void> {
  const ordinal = ordinalOf(pod) ?? 0;
  const isGoing = pod.metadata.deletionTimestamp !== undefined;
  const better = isGoing ? undefined : repaired(pod, set);
  if (pod.status?.phase === "Pending" && !isGoing) await createClaims(set, ordinal, context);
  await updateClaimOwners(set, pod, ordinal, context);
  if (better === undefined) return;
  try {
    await context.client.for("pods").update(better);
    tell("Update", pod.metadata.name, set, undefined, context);
  } catch (error) {
    tell("Update", pod.metadata.name, set, error, context);
    throw error;
  }
}
