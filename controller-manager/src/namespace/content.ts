// Empties a namespace: everything that the server serves there is deleted, Pods first (they may
// still use the rest).

import { pathOf } from "@coracle/shared/api/resources";
import type { Namespace, Pod } from "@coracle/shared/api/types/core-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import type { Client } from "@coracle/shared/client/client";
import { discover, type ServedResource } from "@coracle/shared/client/discovery";
import { isNotFound, StatusError } from "@coracle/shared/machinery/status-error";
import { parseTime } from "@coracle/shared/runtime/clock";
import type { Outcome } from "./status.ts";

export interface Emptied extends Outcome {
  /**
   * Something is left, and may be gone after so long. 0: nothing is left, or there is no telling
   * (see `errors`).
   */
  estimateSeconds: number;
}

/** Objects with finalizers are given so long. */
const FINALIZER_SECONDS = 15;
const BACKGROUND = { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" };

interface Left {
  count: number;
  estimateSeconds: number;
  finalizers: Map<string, number>;
  error?: string;
}

export async function emptyNamespace(
  client: Client,
  namespace: Namespace,
  nowMs: number,
): Promise<Emptied> {
  const discovered = await discover(client);
  const served = discovered.resources.filter(
    ({ namespaced, verbs }) => namespaced && verbs.includes("delete"),
  );
  const isPods = ({ group, resource }: ServedResource) => group === "" && resource === "pods";
  const pods = served.find(isPods);
  const results = new Map<string, Left>();
  if (pods !== undefined) {
    const left = await deleteAll(client, pods, namespace, nowMs);
    if (left.error !== undefined) {
      const { name } = namespace.metadata;
      left.error = `failed to delete pods for namespace: ${name}, err: ${left.error}`;
    }
    results.set("pods.", left);
  }
  const podsRemain = (results.get("pods.")?.count ?? 0) > 0;
  if (!podsRemain) {
    const rest = served.filter((resource) => !isPods(resource));
    await Promise.all(
      rest.map(async (resource) => {
        const left = await deleteAll(client, resource, namespace, nowMs);
        results.set(`${resource.resource}.${resource.group}`, left);
      }),
    );
  }
  const all = [...results.values()];
  const errors = all.map(({ error }) => error).filter((error) => error !== undefined);
  return {
    discoveryFailures: discovered.failures,
    errors,
    estimateSeconds: Math.max(0, ...all.map(({ estimateSeconds }) => estimateSeconds)),
    // While Pods keep it waiting, upstream does not count.
    remaining: podsRemain ? undefined : remainingOf(results),
    finalizers: podsRemain ? undefined : finalizersOf(all),
  };
}

function remainingOf(results: ReadonlyMap<string, Left>): Map<string, number> {
  const left = [...results].filter(([, { count }]) => count > 0);
  return new Map(left.map(([name, { count }]) => [name, count]));
}

function finalizersOf(all: readonly Left[]): Map<string, number> {
  const total = new Map<string, number>();
  for (const { finalizers } of all) {
    for (const [name, count] of finalizers) total.set(name, (total.get(name) ?? 0) + count);
  }
  return total;
}

async function deleteAll(
  client: Client,
  resource: ServedResource,
  namespace: Namespace,
  nowMs: number,
): Promise<Left> {
  const left: Left = { count: 0, estimateSeconds: 0, finalizers: new Map() };
  try {
    const { name } = namespace.metadata;
    const path = pathOf({ ...resource, plural: resource.resource }, name);
    left.estimateSeconds = await estimate(client, resource, path, namespace, nowMs);
    if (resource.verbs.includes("deletecollection")) {
      await client.request("DELETE", path, { body: BACKGROUND });
    } else {
      for (const { metadata } of await listItems(client, resource, path)) {
        const item = `${path}/${encodeURIComponent(metadata.name)}`;
        await client.request("DELETE", item, { body: BACKGROUND }).catch(ignoreAbsent);
      }
    }
    const items = await listItems(client, resource, path);
    left.count = items.length;
    if (items.length === 0) return { ...left, estimateSeconds: 0 };
    for (const finalizer of items.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
      left.finalizers.set(finalizer, (left.finalizers.get(finalizer) ?? 0) + 1);
    }
    if (left.estimateSeconds > 0) return left;
    if (left.finalizers.size > 0) return { ...left, estimateSeconds: FINALIZER_SECONDS };
    const type = `${resource.group}/${resource.version}, Resource=${resource.resource}`;
    left.error = `unexpected items still remain in namespace: ${name} for gvr: ${type}`;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    // It was served a moment ago: a custom resource whose definition has just gone.
    if (isAbsent(error)) return { ...left, estimateSeconds: 0 };
    left.error = error.message;
  }
  return left;
}

/** Pods may take as long as they were promised, counted from the deletion of the namespace. */
async function estimate(
  client: Client,
  resource: ServedResource,
  path: string,
  { metadata }: Namespace,
  nowMs: number,
): Promise<number> {
  if (resource.group !== "" || resource.resource !== "pods") return 0;
  const pods = (await listItems(client, resource, path)) as Pod[];
  const grace = pods
    .filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed")
    .map(({ spec }) => spec.terminationGracePeriodSeconds ?? 0);
  const seconds = Math.max(0, ...grace);
  const elapsedMs = nowMs - (parseTime(metadata.deletionTimestamp) ?? nowMs);
  return elapsedMs >= seconds * 1000 ? 0 : seconds;
}

async function listItems(
  client: Client,
  { verbs }: ServedResource,
  path: string,
): Promise<{ metadata: ObjectMeta }[]> {
  if (!verbs.includes("list")) return [];
  const list = (await client.request("GET", path)) as { items?: { metadata: ObjectMeta }[] };
  return list.items ?? [];
}

const isAbsent = (error: unknown): boolean =>
  isNotFound(error) || (error instanceof StatusError && error.reason === "MethodNotAllowed");

function ignoreAbsent(error: unknown): void {
  if (!isAbsent(error)) throw error;
}
