// Asks the kubelets of the ready nodes for their figures, when somebody wants them: the page that the metrics server scrapes.
// Answers are kept for some seconds, and the page before the last as the point from which use is counted.
import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { Node } from "@coracle/shared/api/types/core-v1";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { KubeletCredentials } from "../connect.ts";
import type { Handlers } from "../dispatch.ts";
import { type NodeSamples, parseResourceMetrics } from "./metrics-samples.ts";

/** How long a page is good for, and how far a node's first two points lie apart. */
const FRESH_MS = 5_000;
const FIRST_GAP_MS = 500;
const TIMEOUT_MS = 10_000;
/** To one kubelet, which may speak for thousands of simulated nodes. */
const CONNECTIONS_MAX = 4;

export interface NodeHistory {
  last: NodeSamples;
  earlier: NodeSamples | undefined;
  /** On the monotonic clock. */
  asked: number;
}

export class MetricsScraper {
  readonly #clock: Clock;
  readonly #kubelet: KubeletCredentials;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  readonly #nodes = new Map<string, NodeHistory>();
  readonly #asking = new Map<string, Promise<void>>();

  constructor({ clock, kubelet }: Pick<Handlers, "clock" | "kubelet">) {
    this.#clock = clock;
    this.#kubelet = kubelet;
  }

  /** By node; a node whose kubelet does not answer is left out. */
  async histories(nodes: readonly Node[]): Promise<Map<string, NodeHistory>> {
    await Promise.all(nodes.map((node) => this.#refresh(node)));
    const found = new Map<string, NodeHistory>();
    for (const { metadata } of nodes) {
      const history = this.#nodes.get(metadata.name);
      if (history !== undefined) found.set(metadata.name, history);
    }
    return found;
  }

  #refresh(node: Node): Promise<void> | undefined {
    const { name } = node.metadata;
    const known = this.#nodes.get(name);
    if (known !== undefined && this.#clock.monotonic() - known.asked < FRESH_MS) return undefined;
    const asking =
      this.#asking.get(name) ?? this.#scrape(node).finally(() => this.#asking.delete(name));
    this.#asking.set(name, asking);
    return asking;
  }

  async #scrape(node: Node): Promise<void> {
    const { name } = node.metadata;
    const known = this.#nodes.get(name);
    let earlier = known?.last;
    let last = await this.#page(node);
    if (last !== undefined && earlier === undefined) {
      // A node does not tell since when it runs, so its first figures take two points.
      earlier = last;
      await new Promise<void>((resolve) => this.#clock.setTimer(FIRST_GAP_MS, resolve));
      last = await this.#page(node);
    }
    if (last === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, { last, earlier, asked: this.#clock.monotonic() });
  }

  /** Undefined when the kubelet cannot be reached: as upstream, that node then has no figures. */
  async #page(node: Node): Promise<NodeSamples | undefined> {
    const { addresses, daemonEndpoints } = node.status;
    const host = addresses?.find(({ type }) => type === "InternalIP")?.address;
    const port = daemonEndpoints?.kubeletEndpoint?.Port;
    if (host === undefined || port === undefined) return undefined;
    // One process may speak for several simulated nodes; a real kubelet passes the query over.
    const path = `/metrics/resource?node=${encodeURIComponent(node.metadata.name)}`;
    const text = await this.#get(host, port, path);
    return text === undefined ? undefined : parseResourceMetrics(text, this.#clock.now());
  }

  #get(host: string, port: number, path: string): Promise<string | undefined> {
    const { cert, key, ca } = this.#kubelet;
    return new Promise((resolve) => {
      // A simulated node's certificate names the host that serves it, not the node.
      const checkServerIdentity = () => undefined;
      const tls = { cert, key, ca, checkServerIdentity, agent: this.#agent };
      const outgoing = httpsRequest({ host, port, path, ...tls, timeout: TIMEOUT_MS });
      outgoing.on("response", (response) => {
        bodyOf(response).then(
          (body) => resolve(response.statusCode === 200 ? body : undefined),
          () => resolve(undefined),
        );
      });
      outgoing.on("timeout", () => outgoing.destroy());
      outgoing.on("error", () => resolve(undefined));
      outgoing.end();
    });
  }
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
