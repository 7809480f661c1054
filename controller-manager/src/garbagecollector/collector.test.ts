import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import { Client } from "@coracle/shared/client/client";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { describe, expect, it } from "vitest";
import { Collector } from "./collector.ts";
import { type GraphNode, OwnerGraph } from "./graph.ts";

const owner = (name: string, facts: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name,
  uid: `uid-${name}`,
  ...facts,
});

const node = (name: string, facts: Partial<ObjectMeta> = {}): GraphNode => ({
  resource: "configmaps",
  metadata: {
    name,
    namespace: "n",
    uid: `uid-${name}`,
    resourceVersion: "5",
    creationTimestamp: "",
    ...facts,
  },
});

const DELETING = "2026-01-01T00:00:00Z";
const GONE = { code: 404, reason: "NotFound" };
const STALE = { code: 409, reason: "Conflict" };

/** A collector over `nodes`; `answers` by `METHOD name`, taken in turn, the last one for ever. */
function setUp(nodes: GraphNode[], answers: Record<string, object[]> = {}) {
  const graph = new OwnerGraph();
  for (const one of nodes) graph.observe(one);
  const sent: string[] = [];
  const examined: string[] = [];
  const client = new Client({
    server: "https://unused",
    transport: {
      async send({ method, path, body }) {
        const call = `${method} ${path.split("/").at(-1)}`;
        const queue = answers[call] ?? [{}];
        const answer = (queue.length > 1 ? queue.shift() : queue[0]) as { code?: number };
        const { propagationPolicy, preconditions, metadata } = JSON.parse(body ?? "{}");
        const detail = [propagationPolicy, preconditions ?? metadata].filter(Boolean);
        sent.push([call, ...detail.map((part) => JSON.stringify(part))].join(" "));
        const reply = answer.code === undefined ? answer : { kind: "Status", ...answer };
        return {
          status: answer.code ?? 200,
          header: (name: string) => (name === "content-type" ? "application/json" : undefined),
          read: async () => Buffer.from(JSON.stringify(reply)),
          async *chunks() {},
        };
      },
      close() {},
    },
  });
  const examine = (uid: string) => examined.push(uid);
  return {
    collector: new Collector({ client, graph, logger: silentLogger, examine }),
    sent,
    examined,
  };
}

describe("Collector", () => {
  it("asks for the owner, deletes what it left, and does not ask for it twice", async () => {
    const orphans = ["a", "b"].map((name) => node(name, { ownerReferences: [owner("gone")] }));
    const { collector, sent } = setUp(orphans, { "GET gone": [GONE] });
    await collector.examine("uid-a");
    await collector.examine("uid-b");
    expect(sent).toEqual([
      "GET gone",
      'DELETE a "Background" {"uid":"uid-a","resourceVersion":"5"}',
      'DELETE b "Background" {"uid":"uid-b","resourceVersion":"5"}',
    ]);
  });

  it("keeps what has an owner, known or only on the server", async () => {
    const child = (name: string, of: string) => node(name, { ownerReferences: [owner(of)] });
    const known = setUp([node("here"), child("a", "here")]);
    await known.collector.examine("uid-a");
    expect(known.sent).toEqual([]);
    const late = setUp([child("a", "late")], { "GET late": [node("late")] });
    await late.collector.examine("uid-a");
    expect(late.sent).toEqual(["GET late"]);
  });

  it("takes an owner of that name with another uid for gone", async () => {
    const child = node("a", { ownerReferences: [owner("other", { uid: "old" })] });
    const { collector, sent } = setUp([node("other"), child], { "GET other": [node("other")] });
    await collector.examine("uid-a");
    expect(sent.map((call) => call.split(" ")[0])).toEqual(["GET", "DELETE"]);
  });

  it("leaves alone what it cannot judge: unknown kinds, and namespaced owners of others", async () => {
    const unknown = node("a", { ownerReferences: [owner("x", { kind: "Widget" })] });
    const outside = node("b", { namespace: undefined, ownerReferences: [owner("x")] });
    const { collector, sent } = setUp([unknown, outside]);
    await collector.examine("uid-a");
    await collector.examine("uid-b");
    expect(sent).toEqual([]);
  });

  it("only drops the owner that is gone while another one stays", async () => {
    const ownerReferences = [owner("here"), owner("gone")];
    const nodes = [node("here"), node("a", { ownerReferences })];
    const { collector, sent } = setUp(nodes, { "GET gone": [GONE] });
    await collector.examine("uid-a");
    expect(sent[1]).toBe(
      'PATCH a {"ownerReferences":[{"$patch":"delete","uid":"uid-gone"}],"uid":"uid-a"}',
    );
  });

  it("deletes in spite of a conflict if the owners are the same, and not if they have changed", async () => {
    const child = node("a", { ownerReferences: [owner("gone")] });
    const changed = { ...child.metadata, resourceVersion: "6" };
    const same = setUp([child], {
      "GET gone": [GONE],
      "DELETE a": [STALE, {}],
      "GET a": [{ metadata: changed }],
    });
    await same.collector.examine("uid-a");
    expect(same.sent.at(-1)).toBe('DELETE a "Background" {"uid":"uid-a"}');
    const adopted = setUp([child], {
      "GET gone": [GONE],
      "DELETE a": [STALE],
      "GET a": [{ metadata: { ...changed, ownerReferences: [owner("new")] } }],
    });
    await expect(adopted.collector.examine("uid-a")).rejects.toMatchObject({ reason: "Conflict" });
  });

  it("releases an owner from foreground deletion when nothing blocks it any more", async () => {
    const finalizers = ["other", "foregroundDeletion"];
    const waiting = node("owner", { finalizers, deletionTimestamp: DELETING });
    const blocking = (blockOwnerDeletion: boolean) =>
      node("a", { ownerReferences: [owner("owner", { blockOwnerDeletion })] });
    const blocked = setUp([waiting, blocking(true)]);
    await blocked.collector.examine("uid-owner");
    expect([blocked.sent, blocked.examined]).toEqual([[], ["uid-a"]]);
    const free = setUp([waiting, blocking(false)], { "GET owner": [waiting] });
    await free.collector.examine("uid-owner");
    expect(free.sent).toEqual([
      "GET owner",
      'PATCH owner {"resourceVersion":"5","finalizers":["other"]}',
    ]);
  });

  it("orphans dependents before it lets their owner go", async () => {
    const leaving = node("owner", { finalizers: ["orphan"], deletionTimestamp: DELETING });
    const nodes = [leaving, node("a", { ownerReferences: [owner("owner")] })];
    const { collector, sent } = setUp(nodes, { "GET owner": [leaving], "PATCH a": [GONE] });
    await collector.orphan("uid-owner");
    expect(sent.map((call) => call.split(" ", 2).join(" "))).toEqual([
      "PATCH a",
      "GET owner",
      "PATCH owner",
    ]);
  });
});
