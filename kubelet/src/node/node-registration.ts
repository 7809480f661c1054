// Registers a node, posts its status, and takes away the not-ready taint (the node lifecycle controller's part, until there is one).
import type { ContainerImage, Node } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import { isAlreadyExists, isConflict, isNotFound } from "@coracle/shared/machinery/status-error";
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import { type NodeFacts, newNode, nodeLabels, nodeStatus } from "./node-object.ts";

const NOT_READY_TAINT = "node.kubernetes.io/not-ready";

export class NodeRegistration {
  readonly #facts: NodeFacts;
  readonly #client: Client;
  readonly #clock: Clock;

  constructor(facts: NodeFacts, client: Client, clock: Clock) {
    this.#facts = facts;
    this.#client = client;
    this.#clock = clock;
  }

  /** The node as the API has it afterwards. Throws StatusError or ConnectionError. */
  async register(): Promise<Node> {
    const nodes = this.#client.for("nodes");
    try {
      const draft = newNode(this.#facts, formatTime(this.#clock.now()));
      return await this.#withoutTaint(await nodes.create(draft));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const existing = await nodes.get(this.#facts.name);
    const labelled = await this.#withLabels(existing);
    return this.#withoutTaint(await this.#postStatus(labelled, []));
  }

  /** Registers it again when it has been deleted. */
  async updateStatus(images: readonly ContainerImage[]): Promise<Node> {
    try {
      const node = await this.#client.for("nodes").get(this.#facts.name);
      return await this.#withoutTaint(await this.#postStatus(node, images));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return this.register();
    }
  }

  async #postStatus(node: Node, images: readonly ContainerImage[]): Promise<Node> {
    const now = formatTime(this.#clock.now());
    const status = nodeStatus(this.#facts, node.status?.conditions, images, now);
    // Merged by type otherwise: what an older kubelet has told would stay.
    const addresses = [{ $patch: "replace" }, ...(status.addresses ?? [])];
    const patch = { status: { ...status, addresses } };
    return this.#client.for("nodes").patch(node.metadata.name, patch, { subresource: "status" });
  }

  async #withLabels(node: Node): Promise<Node> {
    const wanted = nodeLabels(this.#facts);
    const isSame = Object.entries(wanted).every(
      ([key, value]) => node.metadata.labels?.[key] === value,
    );
    if (isSame && node.spec.podCIDR) return node;
    const { podCidr } = this.#facts;
    const spec = node.spec.podCIDR ? {} : { spec: { podCIDR: podCidr, podCIDRs: [podCidr] } };
    return this.#client
      .for("nodes")
      .patch(node.metadata.name, { metadata: { labels: wanted }, ...spec });
  }

  async #withoutTaint(given: Node): Promise<Node> {
    let node = given;
    for (let tries = 0; tries < 5; tries++) {
      const taints = node.spec.taints ?? [];
      const rest = taints.filter(({ key }) => key !== NOT_READY_TAINT);
      if (rest.length === taints.length) return node;
      const { name, resourceVersion } = node.metadata;
      const patch = {
        metadata: { resourceVersion },
        spec: { taints: rest.length > 0 ? rest : null },
      };
      try {
        return await this.#client.for("nodes").patch(name, patch, { type: "merge" });
      } catch (error) {
        if (!isConflict(error)) throw error;
        node = await this.#client.for("nodes").get(name);
      }
    }
    return node;
  }
}
