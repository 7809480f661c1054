// Which nodes a Pod can run on, and why not on the others; reused from cycle to cycle.

export class Verdicts {
  #rejected: Uint8Array = new Uint8Array(0);
  #unresolvable = 0;
  #rejections = 0;
  readonly #reasons = new Map<string, number>();
  readonly #plugins = new Set<string>();
  #plugin = "";

  reset(size: number): void {
    if (this.#rejected.length < size) this.#rejected = new Uint8Array(size * 2);
    else this.#rejected.fill(0, 0, size);
    this.#unresolvable = 0;
    this.#rejections = 0;
    this.#reasons.clear();
    this.#plugins.clear();
  }

  /** Rejections from now on are this plugin's. */
  by(plugin: string): void {
    this.#plugin = plugin;
  }

  isRejected(node: number): boolean {
    return this.#rejected[node] === 1;
  }

  /** `resolvable`: other Pods leaving the node would help. */
  reject(node: number, reasons: readonly string[], resolvable: boolean): void {
    this.#rejected[node] = 1;
    this.#rejections++;
    if (!resolvable) this.#unresolvable++;
    this.#plugins.add(this.#plugin);
    for (const reason of reasons) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  get plugins(): ReadonlySet<string> {
    return this.#plugins;
  }

  /** Upstream's words (framework.FitError), preemption included: there are no Pods of lower priority to evict. */
  message(nodes: number): string {
    const available = `0/${nodes} nodes are available`;
    if (nodes === 0) return "no nodes available to schedule pods";
    const reasons = [...this.#reasons].map(([reason, count]) => `${count} ${reason}`).sort();
    const outcomes: string[] = [];
    const resolvable = this.#rejections - this.#unresolvable;
    if (this.#unresolvable > 0) {
      outcomes.push(`${this.#unresolvable} Preemption is not helpful for scheduling`);
    }
    if (resolvable > 0) {
      outcomes.push(`${resolvable} No preemption victims found for incoming pod`);
    }
    const preemption = `preemption: ${available}: ${outcomes.sort().join(", ")}.`;
    return `${available}: ${reasons.join(", ")}. no new claims to deallocate, ${preemption}`;
  }
}
