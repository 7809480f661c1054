// All nodes as a struct of arrays: one row a node, what it has, what its Pods ask for. Updated in place, never copied.
import type { Node, Taint } from "@coracle/shared/api/types/core-v1";
import { milliValue, value } from "@coracle/shared/machinery/quantity";
import type { PodFacts } from "./pod-facts.ts";

type Column = Float64Array;

const FIRST_CAPACITY = 64;
const HARD = new Set(["NoSchedule", "NoExecute"]);

export class NodeTable {
  /** Rows in use are below it; some of them may be empty (`nodes[i]` undefined). */
  size = 0;
  /** Nodes that exist. */
  count = 0;
  readonly nodes: (Node | undefined)[] = [];
  readonly hardTaints: (readonly Taint[])[] = [];
  readonly softTaints: (readonly Taint[])[] = [];
  /** Allocatable extended resources and huge pages; what Pods ask of them. */
  readonly othersAllocatable: (Map<string, number> | undefined)[] = [];
  readonly othersRequested: (Map<string, number> | undefined)[] = [];
  unschedulable: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  milliCpu: Column = new Float64Array(FIRST_CAPACITY);
  memoryBytes: Column = new Float64Array(FIRST_CAPACITY);
  ephemeralStorageBytes: Column = new Float64Array(FIRST_CAPACITY);
  podsMax: Column = new Float64Array(FIRST_CAPACITY);
  usedMilliCpu: Column = new Float64Array(FIRST_CAPACITY);
  usedMemoryBytes: Column = new Float64Array(FIRST_CAPACITY);
  usedEphemeralStorageBytes: Column = new Float64Array(FIRST_CAPACITY);
  pods: Column = new Float64Array(FIRST_CAPACITY);
  scoreMilliCpu: Column = new Float64Array(FIRST_CAPACITY);
  scoreMemoryBytes: Column = new Float64Array(FIRST_CAPACITY);
  /** Nodes with a taint of each sort: filters skip the walk when there is none. */
  hardTainted = 0;
  softTainted = 0;
  unschedulableCount = 0;
  readonly #byName = new Map<string, number>();
  readonly #free: number[] = [];

  indexOf(name: string): number | undefined {
    return this.#byName.get(name);
  }

  /** Adds the node or takes over its new state; its Pods' sums stay. */
  put(node: Node): number {
    let row = this.#byName.get(node.metadata.name);
    if (row === undefined) {
      row = this.#free.pop() ?? this.size++;
      if (row >= this.milliCpu.length) this.#grow();
      this.#byName.set(node.metadata.name, row);
      this.count++;
      this.#clearSums(row);
    } else this.#countFlags(row, -1);
    this.nodes[row] = node;
    const taints = node.spec.taints ?? [];
    this.hardTaints[row] = taints.filter((taint) => HARD.has(taint.effect));
    this.softTaints[row] = taints.filter((taint) => taint.effect === "PreferNoSchedule");
    this.unschedulable[row] = node.spec.unschedulable === true ? 1 : 0;
    this.#setAllocatable(row, node);
    this.#countFlags(row, 1);
    return row;
  }

  remove(name: string): void {
    const row = this.#byName.get(name);
    if (row === undefined) return;
    this.#countFlags(row, -1);
    this.#byName.delete(name);
    this.nodes[row] = undefined;
    this.#free.push(row);
    this.count--;
  }

  /** Adds (`sign` 1) or takes away (-1) what a Pod asks for. */
  account(row: number, pod: PodFacts, sign: 1 | -1): void {
    add(this.usedMilliCpu, row, sign * pod.milliCpu);
    add(this.usedMemoryBytes, row, sign * pod.memoryBytes);
    add(this.usedEphemeralStorageBytes, row, sign * pod.ephemeralStorageBytes);
    add(this.scoreMilliCpu, row, sign * pod.scoreMilliCpu);
    add(this.scoreMemoryBytes, row, sign * pod.scoreMemoryBytes);
    add(this.pods, row, sign);
    if (pod.others.length === 0) return;
    const sums = this.othersRequested[row] ?? new Map<string, number>();
    for (const [name, amount] of pod.others) sums.set(name, (sums.get(name) ?? 0) + sign * amount);
    this.othersRequested[row] = sums;
  }

  #setAllocatable(row: number, node: Node): void {
    const allocatable = node.status.allocatable ?? {};
    const others = new Map<string, number>();
    this.milliCpu[row] = 0;
    this.memoryBytes[row] = 0;
    this.ephemeralStorageBytes[row] = 0;
    this.podsMax[row] = 0;
    for (const [name, quantity] of Object.entries(allocatable)) {
      if (name === "cpu") this.milliCpu[row] = milliValue(quantity);
      else if (name === "memory") this.memoryBytes[row] = value(quantity);
      else if (name === "ephemeral-storage") this.ephemeralStorageBytes[row] = value(quantity);
      else if (name === "pods") this.podsMax[row] = value(quantity);
      else others.set(name, value(quantity));
    }
    this.othersAllocatable[row] = others.size === 0 ? undefined : others;
  }

  #countFlags(row: number, sign: number): void {
    if ((this.hardTaints[row]?.length ?? 0) > 0) this.hardTainted += sign;
    if ((this.softTaints[row]?.length ?? 0) > 0) this.softTainted += sign;
    if (this.unschedulable[row] === 1) this.unschedulableCount += sign;
  }

  #clearSums(row: number): void {
    this.usedMilliCpu[row] = 0;
    this.usedMemoryBytes[row] = 0;
    this.usedEphemeralStorageBytes[row] = 0;
    this.scoreMilliCpu[row] = 0;
    this.scoreMemoryBytes[row] = 0;
    this.pods[row] = 0;
    this.othersRequested[row] = undefined;
  }

  #grow(): void {
    const wider = (column: Column): Column => {
      const next = new Float64Array(column.length * 2);
      next.set(column);
      return next;
    };
    const flags = new Uint8Array(this.unschedulable.length * 2);
    flags.set(this.unschedulable);
    this.unschedulable = flags;
    this.milliCpu = wider(this.milliCpu);
    this.memoryBytes = wider(this.memoryBytes);
    this.ephemeralStorageBytes = wider(this.ephemeralStorageBytes);
    this.podsMax = wider(this.podsMax);
    this.usedMilliCpu = wider(this.usedMilliCpu);
    this.usedMemoryBytes = wider(this.usedMemoryBytes);
    this.usedEphemeralStorageBytes = wider(this.usedEphemeralStorageBytes);
    this.pods = wider(this.pods);
    this.scoreMilliCpu = wider(this.scoreMilliCpu);
    this.scoreMemoryBytes = wider(this.scoreMemoryBytes);
  }
}

function add(column: Column, row: number, amount: number): void {
  column[row] = (column[row] as number) + amount;
}
