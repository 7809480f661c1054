// One scheduling decision: filter, score, pick. It reads the node table and changes nothing.
import type { Random } from "@coracle/shared/runtime/random";
import type { ClusterEvent, Profile } from "./framework.ts";
import type { NodeTable } from "./node-table.ts";
import type { PodFacts } from "./pod-facts.ts";
import { Verdicts } from "./verdicts.ts";

export type Decision =
  | { kind: "fits"; node: string; feasible: number }
  | { kind: "does not fit"; message: string; retryOn: ReadonlySet<ClusterEvent> };

const ANY_NODE: ReadonlySet<ClusterEvent> = new Set<ClusterEvent>(["NodeAdded"]);

export class SchedulingCycle {
  readonly #profile: Profile;
  readonly #random: Random;
  readonly #verdicts = new Verdicts();
  #feasible = new Int32Array(0);
  #scores = new Float64Array(0);
  #totals = new Float64Array(0);

  constructor(profile: Profile, random: Random) {
    this.#profile = profile;
    this.#random = random;
  }

  decide(pod: PodFacts, nodes: NodeTable): Decision {
    const verdicts = this.#verdicts;
    verdicts.reset(nodes.size);
    for (const plugin of this.#profile.filters) {
      verdicts.by(plugin.name);
      plugin.filter(pod, nodes, verdicts);
    }
    const count = this.#collect(nodes);
    if (count === 0) {
      const message = verdicts.message(nodes.count);
      return { kind: "does not fit", message, retryOn: this.#retryOn() };
    }
    const row = count === 1 ? (this.#feasible[0] as number) : this.#best(pod, nodes, count);
    return { kind: "fits", node: nodes.nodes[row]?.metadata.name as string, feasible: count };
  }

  #retryOn(): ReadonlySet<ClusterEvent> {
    const events = this.#profile.filters
      .filter(({ name }) => this.#verdicts.plugins.has(name))
      .flatMap(({ retryOn }) => retryOn);
    return events.length === 0 ? ANY_NODE : new Set(events);
  }

  #collect(nodes: NodeTable): number {
    if (this.#feasible.length < nodes.size) {
      this.#feasible = new Int32Array(nodes.size * 2);
      this.#scores = new Float64Array(nodes.size * 2);
      this.#totals = new Float64Array(nodes.size * 2);
    }
    let count = 0;
    for (let row = 0; row < nodes.size; row++) {
      if (nodes.nodes[row] === undefined || this.#verdicts.isRejected(row)) continue;
      this.#feasible[count++] = row;
    }
    return count;
  }

  /** The row with the highest weighted sum; one of them by chance when several are equal. */
  #best(pod: PodFacts, nodes: NodeTable, count: number): number {
    const totals = this.#totals.fill(0, 0, count);
    for (const { score, weight } of this.#profile.scores) {
      if (!score(pod, nodes, this.#feasible, count, this.#scores)) continue;
      for (let i = 0; i < count; i++) {
        totals[i] = (totals[i] as number) + weight * (this.#scores[i] as number);
      }
    }
    let best = 0;
    let equals = 1;
    for (let i = 1; i < count; i++) {
      const total = totals[i] as number;
      const top = totals[best] as number;
      if (total > top) {
        best = i;
        equals = 1;
      } else if (total === top && this.#random.integer(++equals) === 0) best = i;
    }
    return this.#feasible[best] as number;
  }
}
