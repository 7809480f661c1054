// POST pods/<name>/eviction: deletes a Pod if its disruption budget allows, and counts it there (upstream:
// pkg/registry/core/pod/storage/eviction.go).
import type { Pod } from "@coracle/shared/api/types/core-v1";
import type { DeleteOptions } from "@coracle/shared/api/types/meta-v1";
import type { Eviction, PodDisruptionBudget } from "@coracle/shared/api/types/policy-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import {
  badRequest,
  invalid,
  isConflict,
  statusError,
} from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";
import { updateManagedFields } from "../apply/managed-fields.ts";
import { ownershipLimits } from "../apply/reset-fields.ts";
import { decodeObject } from "../encoding/decode.ts";
import type { Stored, Target } from "../registry/registry.ts";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import { serverUser } from "../registry/user.ts";
import { checkNamespace } from "../registry/write-rules.ts";
import {
  budgetsOf,
  countDisruption,
  markEvicted,
  refusalOf,
  sparesUnready,
  standingOf,
  stillProcessed,
} from "../resources/policy/eviction.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import { checkPreconditions, deleteErrors, remove } from "./delete.ts";
import { optionsInvalid, writeOptions } from "./options.ts";
import { respondValue } from "./respond.ts";
import { targetOf } from "./target.ts";
import type { WriteDependencies } from "./write-context.ts";

const EVICTION = { group: "policy", version: "v1", kind: "Eviction" };
const STATUS = { kind: "Status", apiVersion: "v1", metadata: {} };
/** Who owns what the server writes into a budget. */
const MANAGER = "kube-apiserver";
const SEVERAL =
  "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";

/** One request, decoded. */
interface Evicting extends WriteDependencies {
  request: ApiRequest;
  pod: Target;
  budgets: ServedResource;
  options: DeleteOptions;
  dryRun: boolean;
}

const podOf = ({ object }: Stored): Pod => object as unknown as Pod;
const asBudget = (object: AnyObject): PodDisruptionBudget =>
  object as unknown as PodDisruptionBudget;

/** Throws 429 where the budget forbids it. */
export async function evictPod(
  request: ApiRequest,
  { pods, budgets }: { pods: ServedResource; budgets: ServedResource },
  dependencies: WriteDependencies,
): Promise<Reply> {
  const options = evictionOptions(request, pods);
  const pod = { ...targetOf(pods, request.info), subresource: "status" };
  const dryRun = (options.dryRun?.length ?? 0) > 0;
  const evicting = { request, pod, budgets, options, dryRun, ...dependencies };
  const failure = (await deleteUnguarded(evicting)) ? undefined : await deleteGuarded(evicting);
  if (failure !== undefined) {
    const status = { ...STATUS, status: "Failure", message: failure, code: 500 };
    return respondValue(request, status, 500);
  }
  return respondValue(request, { ...STATUS, status: "Success", code: 201 }, 201);
}

/** How the Pod is to be deleted, as the Eviction says. */
function evictionOptions(request: ApiRequest, pods: ServedResource): DeleteOptions {
  const { name, namespace } = request.info;
  const query = writeOptions(request.query, "CreateOptions");
  const { object, warnings } = decodeObject(
    currentVersion(request.body),
    request.headers["content-type"],
    EVICTION,
    query.fieldValidation,
  );
  request.warnings.push(...warnings);
  checkNamespace(pods, object as AnyObject, namespace);
  const { metadata, deleteOptions: options = {} } = object as unknown as Eviction;
  if (metadata.name !== name) {
    throw badRequest("name in URL does not match name in Eviction object");
  }
  if (options.ignoreStoreReadErrorWithClusterBreakingPotential === true) {
    const field = "deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential";
    const detail = "can not be set for pod eviction, try after removing the option";
    throw invalid(EVICTION, name, [invalidValue(field, true, detail)]);
  }
  const asked = request.query.getAll("dryRun");
  const own = options.dryRun ?? [];
  if (own.length === 0) return { ...options, dryRun: asked };
  if (asked.length > 0 && asked.join() !== own.join()) {
    const both = `[${asked.join(" ")}] and [${own.join(" ")}]`;
    throw statusError("", `Non-matching dry-run options in request and content: ${both}`);
  }
  return options;
}

/** v1beta1, which kubectl still sends where it finds nothing else, has the same form. */
function currentVersion(body: Buffer): Buffer {
  const text = body.toString();
  const renamed = text.replace(/("apiVersion"\s*:\s*"policy\/v1)beta1"/, '$1"');
  return renamed === text ? body : Buffer.from(renamed);
}

/** False where budgets have a say. A Pod that is pending must not have become ready meanwhile. */
async function deleteUnguarded(evicting: Evicting): Promise<boolean> {
  const { pod, registry } = evicting;
  for (;;) {
    const live = registry.current(pod);
    const standing = standingOf(podOf(live));
    if (standing === "guarded") return false;
    try {
      await deletePod(evicting, standing === "pending" ? live : undefined);
      return true;
    } catch (error) {
      // Once more on what it has become, unless the client wanted it as it was.
      const isTheSame = registry.find(pod)?.revision === live.revision;
      if (!isConflict(error) || isTheSame || givenVersion(evicting) !== undefined) throw error;
    }
  }
}

const givenVersion = ({ options }: Evicting): string | undefined =>
  options.preconditions?.resourceVersion;

/** Why it cannot be said whether the Pod may go; undefined when it is gone. */
async function deleteGuarded(evicting: Evicting): Promise<string | undefined> {
  const { pod, registry, budgets } = evicting;
  const live = registry.current(pod);
  const { items } = budgets.cache.list({ namespace: pod.namespace });
  const all = items.map(({ bytes }) => asBudget(JSON.parse(bytes.toString()) as AnyObject));
  const [budget, ...others] = budgetsOf(podOf(live), all);
  if (others.length > 0) return SEVERAL;
  if (budget !== undefined && sparesUnready(podOf(live), budget)) {
    await deleteSpared(evicting, live, budget.metadata.name);
    return undefined;
  }
  if (budget !== undefined) await takeFrom(budget, evicting);
  await deletePod(evicting);
  return undefined;
}

/** It goes uncounted, so it must not have become ready since. */
async function deleteSpared(evicting: Evicting, live: Stored, budget: string): Promise<void> {
  try {
    await deletePod(evicting, live);
  } catch (error) {
    if (isConflict(error) && givenVersion(evicting) === undefined) throw stillProcessed(budget);
    throw error;
  }
}

/** Throws 429 when the budget is used up. */
async function takeFrom({ metadata }: PodDisruptionBudget, evicting: Evicting): Promise<void> {
  const { registry, budgets, clock, pod, dryRun } = evicting;
  const { name, namespace = "" } = metadata;
  const target = { resource: budgets, namespace, name, subresource: "status" };
  const counted = (current: Stored | undefined): AnyObject => {
    const live = (current ?? registry.current(target)).object;
    const refusal = refusalOf(asBudget(live));
    if (refusal !== undefined) throw refusal;
    const budget = structuredClone(live);
    countDisruption(asBudget(budget), pod.name, clock.now());
    updateManagedFields(live, budget, {
      typeName: budgets.typeName,
      apiVersion: budgets.apiVersion,
      manager: MANAGER,
      time: formatTime(clock.now()),
      subresource: "status",
      otherVersions: budgets.otherVersions,
      ...ownershipLimits(budgets.group, budgets.resource, "status"),
    });
    return budget;
  };
  if (dryRun) counted(undefined);
  else {
    const { statusStrategy } = budgets.behaviour;
    await registry.update(target, counted, { user: serverUser, dryRun }, statusStrategy);
  }
}

/** Says in the Pod's status why it goes, and deletes it. `unchanged`: only if it still is at that revision. */
async function deletePod(evicting: Evicting, unchanged?: Stored): Promise<void> {
  const { registry, request, pod, clock, dryRun } = evicting;
  const preconditions = { ...evicting.options.preconditions };
  if (unchanged !== undefined) preconditions.resourceVersion ??= String(unchanged.revision);
  const options = { ...evicting.options, preconditions };
  if (!dryRun) {
    const marked = (current: Stored | undefined): AnyObject => {
      const live = current ?? registry.current(pod);
      checkPreconditions(pod, live, options);
      const object = structuredClone(live.object);
      markEvicted(object as unknown as Pod, clock.now());
      return object;
    };
    const { statusStrategy } = pod.resource.behaviour;
    const written = await registry.update(
      pod,
      marked,
      { user: serverUser, dryRun },
      statusStrategy,
    );
    const { metadata } = JSON.parse(written.bytes.toString()) as AnyObject;
    if (preconditions.resourceVersion !== undefined) {
      preconditions.resourceVersion = metadata.resourceVersion;
    }
  }
  const errors = deleteErrors(options);
  if (errors.length > 0) throw optionsInvalid("DeleteOptions", errors);
  await remove(registry, { ...pod, subresource: "" }, options, request, clock);
}
