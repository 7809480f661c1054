// Which Pods count on which node. A Pod counts from the moment it is assumed, before the API server has confirmed it, so
// that the next cycle does not give the same room away again.
import type { Node, Pod } from "@coracle/shared/api/types/core-v1";
import { NodeTable } from "./node-table.ts";
import type { PodFacts } from "./pod-facts.ts";

interface Placed {
  facts: PodFacts;
  node: string;
  /** Not yet seen bound by the informer. */
  assumed: boolean;
}

export class SchedulerCache {
  readonly nodes = new NodeTable();
  readonly #placed = new Map<string, Placed>();
  /** Kept for nodes that are not there (yet), too: their Pods count as soon as they are. */
  readonly #byNode = new Map<string, Set<Placed>>();

  putNode(node: Node): void {
    const isNew = this.nodes.indexOf(node.metadata.name) === undefined;
    const row = this.nodes.put(node);
    if (!isNew) return;
    for (const { facts } of this.#byNode.get(node.metadata.name) ?? []) {
      this.nodes.account(row, facts, 1);
    }
  }

  removeNode(name: string): void {
    this.nodes.remove(name);
  }

  /** The cycle's decision. */
  assume(facts: PodFacts, node: string): void {
    this.#place({ facts, node, assumed: true });
  }

  /** The bind failed. */
  forget(uid: string): void {
    if (this.#placed.get(uid)?.assumed === true) this.remove(uid);
  }

  isPlaced(uid: string): boolean {
    return this.#placed.has(uid);
  }

  /** What the API server says: confirms an assumption, or corrects it. */
  confirm(facts: PodFacts, node: string): void {
    const known = this.#placed.get(facts.uid);
    if (known !== undefined && known.node === node && sameRequests(known.facts, facts)) {
      known.assumed = false;
      return;
    }
    this.remove(facts.uid);
    this.#place({ facts, node, assumed: false });
  }

  /** True when it counted. */
  remove(uid: string): boolean {
    const placed = this.#placed.get(uid);
    if (placed === undefined) return false;
    this.#placed.delete(uid);
    const neighbours = this.#byNode.get(placed.node);
    neighbours?.delete(placed);
    if (neighbours?.size === 0) this.#byNode.delete(placed.node);
    const row = this.nodes.indexOf(placed.node);
    if (row !== undefined) this.nodes.account(row, placed.facts, -1);
    return true;
  }

  #place(placed: Placed): void {
    this.#placed.set(placed.facts.uid, placed);
    let neighbours = this.#byNode.get(placed.node);
    if (neighbours === undefined) {
      neighbours = new Set();
      this.#byNode.set(placed.node, neighbours);
    }
    neighbours.add(placed);
    const row = this.nodes.indexOf(placed.node);
    if (row !== undefined) this.nodes.account(row, placed.facts, 1);
  }
}

function sameRequests(a: PodFacts, b: PodFacts): boolean {
  return (
    a.milliCpu === b.milliCpu &&
    a.memoryBytes === b.memoryBytes &&
    a.ephemeralStorageBytes === b.ephemeralStorageBytes &&
    JSON.stringify(a.others) === JSON.stringify(b.others)
  );
}

export const isBound = (pod: Pod): boolean => (pod.spec.nodeName ?? "") !== "";
