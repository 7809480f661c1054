import { describe, expect, it } from "vitest";
import type { ConfigMap } from "../api/types/core-v1.ts";
import { Client } from "../client/client.ts";
import type { Transport, TransportResponse } from "../client/transport.ts";
import { SimulatedClock } from "../runtime/clock.ts";
import { silentLogger } from "../runtime/logger.ts";
import { seededRandom } from "../runtime/random.ts";
import { Informer } from "./informer.ts";

const configMap = (name: string, resourceVersion: string, uid = name) => ({
  metadata: { name, namespace: "n", uid, resourceVersion, labels: { app: name } },
});
const line = (type: string, object: unknown) =>
  Buffer.from(`${JSON.stringify({ type, object })}\n`);
const expired = line("ERROR", { kind: "Status", reason: "Expired", code: 410 });

function reply(body: unknown, chunks: Buffer[] = []): TransportResponse {
  return {
    status: 200,
    header: () => "application/json",
    read: async () => Buffer.from(JSON.stringify(body)),
    async *chunks() {
      yield* chunks;
    },
  };
}

/** An informer whose lists and watches are answered in turn; the last watch stays open. */
async function run(lists: unknown[], watches: Buffer[][]) {
  const paths: string[] = [];
  const transport: Transport = {
    async send({ path, streaming, signal }) {
      paths.push(path);
      if (!streaming) return reply(lists.shift());
      const chunks = watches.shift();
      if (chunks !== undefined) return reply(undefined, chunks);
      return new Promise((_resolve, reject) =>
        signal?.addEventListener("abort", () => reject(new Error("aborted"))),
      );
    },
    close: () => {},
  };
  const clock = new SimulatedClock();
  const informer = new Informer<ConfigMap>({
    client: new Client({ server: "https://unused", transport }, { clock }),
    resource: "configmaps",
    indexers: { app: (object) => [object.metadata.labels?.app ?? ""] },
    clock,
    random: seededRandom(1),
    logger: silentLogger,
  });
  const log: string[] = [];
  informer.addHandlers({
    onAdd: ({ metadata }) => log.push(`add ${metadata.name}@${metadata.resourceVersion}`),
    onUpdate: (old, { metadata }) =>
      log.push(
        `update ${metadata.name}@${old.metadata.resourceVersion}→${metadata.resourceVersion}`,
      ),
    onDelete: ({ metadata }) => log.push(`delete ${metadata.name}@${metadata.resourceVersion}`),
  });
  const controller = new AbortController();
  informer.start(controller.signal);
  await informer.synced;
  await clock.advance(10_000);
  controller.abort();
  return { informer, log, paths };
}

const list = (resourceVersion: string, items: unknown[], next?: string) => ({
  items,
  metadata: { resourceVersion, continue: next },
});

describe("Informer", () => {
  it("tells changes once, and keeps store and indices in step", async () => {
    const { informer, log } = await run(
      [list("3", [configMap("a", "1"), configMap("b", "2")])],
      [
        [
          line("MODIFIED", configMap("a", "4")),
          line("ADDED", configMap("c", "5")),
          line("DELETED", configMap("b", "6")),
        ],
        [line("ADDED", configMap("c", "5"))],
      ],
    );
    expect(log).toEqual(["add a@1", "add b@2", "update a@1→4", "add c@5", "delete b@6"]);
    expect(informer.lister.get("n/a")?.metadata.resourceVersion).toBe("4");
    expect(informer.lister.list("n").map((o) => o.metadata.name)).toEqual(["a", "c"]);
    expect(informer.lister.list("other")).toEqual([]);
    expect(informer.lister.byIndex("app", "b")).toEqual([]);
    expect(informer.lister.byIndex("app", "c")).toHaveLength(1);
  });

  it("tells after a relist what it missed: deletions, updates, replacements, and nothing else", async () => {
    const { log } = await run(
      [
        list(
          "4",
          ["a", "b", "c", "d"].map((name, i) => configMap(name, `${i + 1}`)),
        ),
        list("50", [
          configMap("a", "1"),
          configMap("b", "20"),
          configMap("c", "30", "another c"),
          configMap("e", "40"),
        ]),
      ],
      [[expired]],
    );
    expect(log.slice(4)).toEqual([
      "delete d@4",
      "update b@2→20",
      "delete c@3",
      "add c@30",
      "add e@40",
    ]);
  });

  it("reads a list in pages", async () => {
    const { informer, paths } = await run(
      [list("9", [configMap("a", "1")], "token"), list("9", [configMap("b", "2")])],
      [],
    );
    expect(informer.lister.list()).toHaveLength(2);
    expect(paths[1]).toContain("continue=token");
    expect(paths[2]).toContain("resourceVersion=9");
  });

  it("tells late handlers what is there", async () => {
    const { informer } = await run([list("3", [configMap("a", "1")])], []);
    const seen: string[] = [];
    informer.addHandlers({ onAdd: (object) => seen.push(object.metadata.name) });
    expect(seen).toEqual(["a"]);
  });
});
