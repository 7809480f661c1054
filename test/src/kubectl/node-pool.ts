// Nodes on which cases may do what they want: nothing else is placed there, and each is lent to one case at a time.
import type { Client } from "@coracle/shared/client/client";

const reserved = { key: "test.coracle.dev/reserved", effect: "NoSchedule" };

export class NodePool {
  readonly #client: Client;
  readonly #free: string[];
  readonly #waiting: ((node: string) => void)[] = [];

  constructor(client: Client, names: readonly string[]) {
    this.#client = client;
    this.#free = [...names];
  }

  /** Keeps Pods away that do not tolerate every taint. */
  async reserve(): Promise<void> {
    for (const name of this.#free) await this.#restore(name);
  }

  async take(): Promise<string> {
    const node = this.#free.pop();
    return node ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  async giveBack(node: string): Promise<void> {
    await this.#restore(node);
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(node);
    else next(node);
  }

  async #restore(name: string): Promise<void> {
    const patch = { spec: { taints: [reserved], unschedulable: null } };
    await this.#client.for("nodes").patch(name, patch, { type: "merge" });
  }
}
