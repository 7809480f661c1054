// Deletes what its owners leave behind. The graph says where to look; before anything is deleted,
// the server is asked whether the owner is really gone.
import { type KubernetesObject, type ResourceName, resources } from "@coracle/shared/api/resources";
import type { OwnerReference } from "@coracle/shared/api/types/meta-v1";
import type { Client } from "@coracle/shared/client/client";
import type { ResourceClient } from "@coracle/shared/client/resource-client";
import { groupOf } from "@coracle/shared/controller/owner-index";
import { semanticEqual } from "@coracle/shared/machinery/semantic-equal";
import { isConflict, isNotFound } from "@coracle/shared/machinery/status-error";
import type { Logger } from "@coracle/shared/runtime/logger";
import { AbsentOwners } from "./absent-owners.ts";
import {
  awaitsDependents,
  FOREGROUND,
  type GraphNode,
  isBeingDeleted,
  ORPHAN,
  type OwnerGraph,
  ownersOf,
  refersTo,
} from "./graph.ts";
import { type ClassifiedOwner, type CollectionPlan, planCollection } from "./plan.ts";

export interface CollectorOptions {
  client: Client;
  graph: OwnerGraph;
  logger: Logger;
  /** Have another object examined. */
  examine(uid: string): void;
}

const resourcesByKind = new Map<string, ResourceName>(
  Object.entries(resources).map(([name, { group, kind }]) => [
    `${group}/${kind}`,
    name as ResourceName,
  ]),
);

export class Collector {
  readonly absentOwners = new AbsentOwners();
  readonly #options: CollectorOptions;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /**
   * Deletes the object if no owner keeps it; releases it if it waited for dependents that are gone.
   */
  async examine(uid: string): Promise<void> {
    const { graph } = this.#options;
    const node = graph.get(uid);
    if (node === undefined) return;
    if (awaitsDependents(node)) return this.#awaitDependents(node);
    // Deletion is a one-way trip: its dependents are looked at when it has ended.
    if (isBeingDeleted(node) || ownersOf(node).length === 0) return;
    const owners = await this.#classify(node);
    if (owners === undefined) return;
    await this.#apply(planCollection(node, owners, graph.dependentsOf(uid)), node);
  }

  /** Takes the owner off its dependents, then lets it go. */
  async orphan(uid: string): Promise<void> {
    const { graph } = this.#options;
    const owner = graph.get(uid);
    if (owner === undefined) return;
    const dependents = graph.dependentsOf(uid);
    await Promise.all(dependents.map((dependent) => this.#dropOwners(dependent, [uid])));
    await this.#removeFinalizer(owner, ORPHAN);
  }

  async #awaitDependents(node: GraphNode): Promise<void> {
    const { graph, examine } = this.#options;
    const blocking = graph.blockingDependentsOf(node.metadata.uid);
    if (blocking.length === 0) return this.#removeFinalizer(node, FOREGROUND);
    for (const dependent of blocking) {
      if (!isBeingDeleted(dependent)) examine(dependent.metadata.uid);
    }
  }

  /** Undefined when an owner cannot be judged: then nothing must happen. */
  async #classify(node: GraphNode): Promise<ClassifiedOwner[] | undefined> {
    const owners: ClassifiedOwner[] = [];
    for (const reference of ownersOf(node)) {
      const resource = resourcesByKind.get(`${groupOf(reference.apiVersion)}/${reference.kind}`);
      if (resource === undefined) return undefined;
      const { namespaced } = resources[resource];
      // A namespaced owner cannot be found from outside its namespace.
      if (namespaced && !node.metadata.namespace) return undefined;
      owners.push({ reference, state: await this.#stateOf(reference, resource, node) });
    }
    return owners;
  }

  async #stateOf(
    reference: OwnerReference,
    resource: ResourceName,
    node: GraphNode,
  ): Promise<ClassifiedOwner["state"]> {
    const known = this.#options.graph.get(reference.uid);
    if (known !== undefined && refersTo(reference, node, known)) {
      return awaitsDependents(known) ? "waiting" : "solid";
    }
    const namespace = resources[resource].namespaced ? node.metadata.namespace : undefined;
    if (this.absentOwners.has(resource, namespace, reference)) return "dangling";
    const owner = await this.#find(resource, reference.name, namespace);
    if (owner === undefined || owner.metadata.uid !== reference.uid) {
      this.absentOwners.add(resource, namespace, reference);
      return "dangling";
    }
    return awaitsDependents({ resource, metadata: owner.metadata }) ? "waiting" : "solid";
  }

  #on(resource: ResourceName): ResourceClient<KubernetesObject> {
    return this.#options.client.for(resource) as unknown as ResourceClient<KubernetesObject>;
  }

  async #find(
    resource: ResourceName,
    name: string,
    namespace: string | undefined,
  ): Promise<KubernetesObject | undefined> {
    try {
      return await this.#on(resource).get(name, namespace);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #apply(plan: CollectionPlan, node: GraphNode): Promise<void> {
    if (plan.type === "dropOwners") return this.#dropOwners(node, plan.uids);
    if (plan.type !== "delete") return;
    if (plan.unblockOwners) await this.#unblockOwners(node);
    // The unblocking patch has made another version.
    const resourceVersion = plan.unblockOwners ? undefined : node.metadata.resourceVersion;
    try {
      await this.#delete(node, plan.policy, resourceVersion);
      this.#options.logger.info({ object: nameOf(node), policy: plan.policy }, "garbage collected");
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #delete(
    { resource, metadata }: GraphNode,
    propagationPolicy: "Background" | "Foreground" | "Orphan",
    resourceVersion: string | undefined,
  ): Promise<void> {
    const { name, namespace, uid, ownerReferences } = metadata;
    const options = { namespace, uid, propagationPolicy };
    try {
      await this.#on(resource).delete(name, { ...options, resourceVersion });
    } catch (error) {
      if (!isConflict(error) || resourceVersion === undefined) throw error;
      // It has changed. Only other owners matter: what else changes often must not save it.
      const latest = await this.#on(resource).get(name, namespace);
      if (latest.metadata.uid !== uid) return;
      if (!semanticEqual(latest.metadata.ownerReferences, ownerReferences)) throw error;
      await this.#on(resource).delete(name, options);
    }
  }

  async #dropOwners({ resource, metadata }: GraphNode, uids: readonly string[]): Promise<void> {
    const { name, namespace, uid } = metadata;
    const ownerReferences = uids.map((owner) => ({ $patch: "delete", uid: owner }));
    const patch = { metadata: { ownerReferences, uid } };
    await this.#on(resource).patch(name, patch, { namespace }).catch(ignoreNotFound);
  }

  async #unblockOwners(node: GraphNode): Promise<void> {
    const { name, namespace, uid } = node.metadata;
    const ownerReferences = ownersOf(node)
      .filter((reference) => reference.blockOwnerDeletion)
      .map((reference) => ({ ...reference, blockOwnerDeletion: false }));
    const patch = { metadata: { ownerReferences, uid } };
    await this.#on(node.resource).patch(name, patch, { namespace });
  }

  async #removeFinalizer(node: GraphNode, finalizer: string): Promise<void> {
    const { name, namespace, uid } = node.metadata;
    const latest = await this.#find(node.resource, name, namespace);
    if (latest?.metadata.uid !== uid) return;
    const { finalizers = [], resourceVersion } = latest.metadata;
    if (!finalizers.includes(finalizer)) return;
    const rest = finalizers.filter((other) => other !== finalizer);
    const patch = { metadata: { resourceVersion, finalizers: rest } };
    await this.#on(node.resource)
      .patch(name, patch, { namespace, type: "merge" })
      .catch(ignoreNotFound);
    this.#options.logger.info({ object: nameOf(node), finalizer }, "removed finalizer");
  }
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

function nameOf({ resource, metadata }: GraphNode): string {
  const kind = resources[resource].kind.toLowerCase();
  const { namespace, name } = metadata;
  return namespace ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;
}
