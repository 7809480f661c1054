// Three etcds, or so, whose network can be cut: each from the others, and each from its clients.
import { startEtcdCluster, type TestEtcd, type TestEtcdCluster } from "./etcd.ts";
import { type Passage, TcpProxy } from "./tcp-proxy.ts";

/** hold: nothing arrives, and nothing says so. close: connections end, and new ones at once. */
export type CutMode = "hold" | "close";

/** Which of a member's messages get lost: those that it sends (mute), that it is sent (deaf), or both. */
export type Isolation = "both" | "mute" | "deaf";

/** The way of one client to one member. */
export class ClientLink {
  #passage: Passage = OPEN;
  #proxy: TcpProxy | undefined;

  static async to({ endpoint }: TestEtcd): Promise<ClientLink> {
    const link = new ClientLink();
    const targetPort = Number(new URL(endpoint).port);
    link.#proxy = await TcpProxy.open({ targetPort, passage: () => link.#passage });
    return link;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#proxy?.port}`;
  }

  cut(mode: CutMode): void {
    this.#set(mode === "close" ? "closed" : { forth: false, back: false });
  }

  heal(): void {
    this.#set(OPEN);
  }

  async close(): Promise<void> {
    await this.#proxy?.close();
  }

  #set(passage: Passage): void {
    this.#passage = passage;
    this.#proxy?.update();
  }
}

export interface PartitionableEtcds extends TestEtcdCluster {
  /** From its peers: all of them. Clients still reach it. */
  isolate(member: TestEtcd, mode: CutMode, isolation?: Isolation): void;
  /** Makes all peers reach each other. */
  heal(): void;
}

export async function startPartitionableEtcds(size: number): Promise<PartitionableEtcds> {
  const network = new PeerNetwork();
  const cluster = await startEtcdCluster(size, (name, port) => network.add(name, port));
  await network.learnNames(cluster);
  return {
    ...cluster,
    isolate: (member, mode, isolation = "both") => network.isolate(member.name, mode, isolation),
    heal: () => network.heal(),
    async remove() {
      await cluster.remove();
      await network.close();
    },
  };
}

const OPEN: Passage = { forth: true, back: true };
/** etcd's requests to peers name their sender so, but for probes and questions about leases. */
const SENDER = /\r\nX-Server-From: ([0-9a-f]+)\r\n/i;

class PeerNetwork {
  readonly #proxies = new Map<string, TcpProxy>();
  /** By etcd's id, in hexadecimal digits. */
  readonly #names = new Map<string, string>();
  #mode: CutMode = "hold";
  /** "from to": whose bytes do not arrive where. */
  #lost = new Set<string>();

  async add(name: string, peerPort: number): Promise<number> {
    const proxy = await TcpProxy.open({
      targetPort: peerPort,
      sourceOf: (bytes) => SENDER.exec(bytes.toString("latin1"))?.[1],
      passage: (source) => this.#passage(source && this.#names.get(source), name),
    });
    this.#proxies.set(name, proxy);
    return proxy.port;
  }

  async learnNames({ members: [first] }: TestEtcdCluster): Promise<void> {
    const rows = (await first?.control("member", "list"))?.trim().split("\n") ?? [];
    for (const row of rows) {
      const [id = "", , name = ""] = row.split(", ");
      this.#names.set(id, name);
    }
    if (this.#names.size !== this.#proxies.size) throw new Error(`unknown members: ${rows}`);
  }

  isolate(name: string, mode: CutMode, isolation: Isolation): void {
    this.#mode = mode;
    for (const other of this.#proxies.keys()) {
      if (other === name) continue;
      if (isolation !== "deaf") this.#lost.add(`${name} ${other}`);
      if (isolation !== "mute") this.#lost.add(`${other} ${name}`);
    }
    this.#update();
  }

  heal(): void {
    this.#lost = new Set();
    this.#update();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
  }

  #update(): void {
    for (const proxy of this.#proxies.values()) proxy.update();
  }

  /** What does not say who sends it passes only while the network is whole. */
  #passage(source: string | undefined, target: string): Passage {
    if (this.#lost.size === 0) return OPEN;
    if (source === undefined) return "closed";
    const forth = !this.#lost.has(`${source} ${target}`);
    const back = !this.#lost.has(`${target} ${source}`);
    return this.#mode === "close" && !(forth && back) ? "closed" : { forth, back };
  }
}
