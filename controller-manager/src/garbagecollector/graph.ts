// Who owns whom, over the objects of all kinds. It does no I/O: it is told of changes and answers
// with what to look at.
import { type ResourceName, resources } from "@coracle/shared/api/resources";
import type { ObjectMeta, OwnerReference } from "@coracle/shared/api/types/meta-v1";
import { groupOf } from "@coracle/shared/controller/owner-index";

export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";

export interface GraphNode {
  resource: ResourceName;
  metadata: ObjectMeta;
}

/** Uids. */
export interface Effects {
  /** May have to be deleted, or to be released from a finalizer. */
  examine: string[];
  /** Are being deleted, and their dependents are to be kept. */
  orphan: string[];
  /** References to an owner that is in another namespace, where it cannot own. */
  misplaced: { dependent: GraphNode; reference: OwnerReference }[];
}

const noEffects = (): Effects => ({ examine: [], orphan: [], misplaced: [] });

const hasFinalizer = ({ metadata }: GraphNode, name: string): boolean =>
  metadata.finalizers?.includes(name) ?? false;

export const isBeingDeleted = ({ metadata }: GraphNode): boolean =>
  metadata.deletionTimestamp !== undefined;

/** It waits for its dependents to be deleted. */
export const awaitsDependents = (node: GraphNode): boolean =>
  isBeingDeleted(node) && hasFinalizer(node, FOREGROUND);

export const ownersOf = ({ metadata }: GraphNode): OwnerReference[] =>
  metadata.ownerReferences ?? [];

/** The reference names this very object, as seen from `dependent`. */
export function refersTo(
  reference: OwnerReference,
  dependent: GraphNode,
  owner: GraphNode,
): boolean {
  const { group, kind, namespaced } = resources[owner.resource];
  return (
    reference.uid === owner.metadata.uid &&
    reference.kind === kind &&
    groupOf(reference.apiVersion) === group &&
    reference.name === owner.metadata.name &&
    (!namespaced || owner.metadata.namespace === dependent.metadata.namespace)
  );
}

/**
 * `owner` has the uid that the reference names. Whether it is the object that is meant, the server
 * has to tell.
 */
function checkReference(
  reference: OwnerReference,
  dependent: GraphNode,
  owner: GraphNode,
  { examine, misplaced }: Effects,
): void {
  if (refersTo(reference, dependent, owner)) return;
  examine.push(dependent.metadata.uid);
  const { namespace } = owner.metadata;
  if (namespace && namespace !== dependent.metadata.namespace) {
    misplaced.push({ dependent, reference });
  }
}

export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  /** By the owner's uid, whether it has been seen or not. */
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): GraphNode[] {
    const nodes: GraphNode[] = [];
    for (const dependent of this.#dependents.get(uid) ?? []) {
      const node = this.#nodes.get(dependent);
      if (node !== undefined) nodes.push(node);
    }
    return nodes;
  }

  /** Dependents that have to be gone before their owner. */
  blockingDependentsOf(uid: string): GraphNode[] {
    return this.dependentsOf(uid).filter((dependent) =>
      ownersOf(dependent).some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
    );
  }

  /** The object exists, in this state. */
  observe(node: GraphNode): Effects {
    const { uid } = node.metadata;
    const before = this.#nodes.get(uid);
    this.#nodes.set(uid, node);
    const effects = noEffects();
    this.#relink(node, before, effects);
    if (before === undefined) {
      for (const dependent of this.dependentsOf(uid)) {
        for (const reference of ownersOf(dependent)) {
          if (reference.uid === uid) checkReference(reference, dependent, node, effects);
        }
      }
    }
    const starts = (finalizer: string) =>
      isBeingDeleted(node) &&
      hasFinalizer(node, finalizer) &&
      (before === undefined || !isBeingDeleted(before) || !hasFinalizer(before, finalizer));
    if (starts(ORPHAN)) {
      effects.orphan.push(uid);
    } else if (starts(FOREGROUND)) {
      for (const dependent of this.dependentsOf(uid)) effects.examine.push(dependent.metadata.uid);
      effects.examine.push(uid);
    }
    return effects;
  }

  /** The object is gone. */
  remove(uid: string): Effects {
    const node = this.#nodes.get(uid);
    if (node === undefined) return noEffects();
    this.#nodes.delete(uid);
    const examine = this.dependentsOf(uid).map(({ metadata }) => metadata.uid);
    for (const owner of ownersOf(node)) {
      this.#unlink(owner.uid, uid);
      const ownerNode = this.#nodes.get(owner.uid);
      if (ownerNode !== undefined && awaitsDependents(ownerNode)) examine.push(owner.uid);
    }
    return { ...noEffects(), examine };
  }

  #relink(node: GraphNode, before: GraphNode | undefined, effects: Effects): void {
    const { examine } = effects;
    const { uid } = node.metadata;
    const old = new Map(before === undefined ? [] : ownersOf(before).map((ref) => [ref.uid, ref]));
    for (const reference of ownersOf(node)) {
      const previous = old.get(reference.uid);
      old.delete(reference.uid);
      if (previous !== undefined) {
        if (previous.blockOwnerDeletion && !reference.blockOwnerDeletion)
          examine.push(reference.uid);
        continue;
      }
      this.#link(reference.uid, uid);
      const owner = this.#nodes.get(reference.uid);
      if (owner === undefined || awaitsDependents(owner)) examine.push(uid);
      else checkReference(reference, node, owner, effects);
    }
    for (const reference of old.values()) {
      this.#unlink(reference.uid, uid);
      if (reference.blockOwnerDeletion) examine.push(reference.uid);
    }
  }

  #link(owner: string, dependent: string): void {
    const set = this.#dependents.get(owner);
    if (set === undefined) this.#dependents.set(owner, new Set([dependent]));
    else set.add(dependent);
  }

  #unlink(owner: string, dependent: string): void {
    const set = this.#dependents.get(owner);
    set?.delete(dependent);
    if (set?.size === 0) this.#dependents.delete(owner);
  }
}
