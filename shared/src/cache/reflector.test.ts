import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../api/resources.ts";
import type { WatchEvent } from "../client/resource-client.ts";
import { ConnectionError } from "../client/transport.ts";
import { expired, statusError } from "../machinery/status-error.ts";
import { SimulatedClock } from "../runtime/clock.ts";
import { silentLogger } from "../runtime/logger.ts";
import { seededRandom } from "../runtime/random.ts";
import { Reflector } from "./reflector.ts";

const object = (name: string, resourceVersion: string): KubernetesObject => ({
  metadata: { name, uid: name, resourceVersion, creationTimestamp: "" },
});
const added = (name: string, rv: string): WatchEvent<KubernetesObject> => ({
  type: "ADDED",
  object: object(name, rv),
});
const bookmark = (rv: string): WatchEvent<KubernetesObject> => ({
  type: "BOOKMARK",
  object: object("", rv),
});
const refused = () => new ConnectionError("refused", { code: "ECONNREFUSED", unsent: true });

/**
 * A step answers one call: what it gives, and the error it ends with. The last step hangs until the
 * end.
 */
type Step =
  | { list: string; names?: string[] }
  | { listFails: Error }
  | { watch: WatchEvent<KubernetesObject>[]; error?: Error; lastsMs?: number };

/**
 * Runs the steps and tells what the reflector did: calls with their time, and what reached the
 * sink.
 */
async function play(steps: Step[]): Promise<string[]> {
  const clock = new SimulatedClock();
  const log: string[] = [];
  const controller = new AbortController();
  const start = clock.now();
  const take = (call: string): Step | undefined => {
    log.push(`${call} @${clock.now() - start}`);
    return steps.shift();
  };
  let idle = false;
  const hang = (signal?: AbortSignal) =>
    new Promise<never>((_resolve, reject) => {
      idle = true;
      signal?.addEventListener("abort", () => reject(new Error("aborted")));
    });
  const reflector = new Reflector<KubernetesObject>({
    resource: "things",
    clock,
    random: { ...seededRandom(1), next: () => 0 },
    logger: silentLogger,
    source: {
      async list(signal) {
        const step = take("list");
        if (step !== undefined && "listFails" in step) throw step.listFails;
        if (step === undefined || !("list" in step)) return hang(signal);
        const items = (step.names ?? []).map((name) => object(name, step.list));
        return { items, metadata: { resourceVersion: step.list } };
      },
      async *watch({ resourceVersion, signal }) {
        const step = take(`watch ${resourceVersion}`);
        if (step === undefined || !("watch" in step)) return await hang(signal);
        yield* step.watch;
        await clock.sleep(step.lastsMs ?? 0);
        if (step.error) throw step.error;
      },
    },
    sink: {
      replace: (objects) => log.push(`replace ${objects.map((o) => o.metadata.name)}`),
      apply: (type, { metadata }) => log.push(`${type} ${metadata.name}`),
    },
  });
  const running = reflector.run(controller.signal);
  for (let i = 0; i < 400 && !idle; i++) await clock.advance(50);
  controller.abort();
  await running;
  expect(steps).toEqual([]);
  return log;
}

describe("Reflector", () => {
  it("lists, then watches from there, and again from the last event when the server ends a watch", async () => {
    const log = await play([
      { list: "5", names: ["a"] },
      { watch: [added("b", "6"), bookmark("9")] },
    ]);
    expect(log).toEqual(["list @0", "replace a", "watch 5 @0", "ADDED b", "watch 9 @0"]);
  });

  it("resumes from the last revision after a lost connection, quickly at first", async () => {
    const log = await play([
      { list: "5" },
      { watch: [added("b", "6")], error: refused() },
      { watch: [], error: refused() },
      { watch: [], error: refused() },
    ]);
    expect(log.filter((line) => line.startsWith("watch"))).toEqual([
      "watch 5 @0",
      "watch 6 @50",
      "watch 6 @150",
      "watch 6 @350",
    ]);
  });

  it("lists again, at once, when the revision is too old", async () => {
    const log = await play([
      { list: "5", names: ["a", "b"] },
      { watch: [], error: expired("too old resource version: 5 (100)") },
      { list: "100", names: ["b"] },
    ]);
    expect(log).toEqual([
      "list @0",
      "replace a,b",
      "watch 5 @0",
      "list @0",
      "replace b",
      "watch 100 @0",
    ]);
  });

  it("backs off from a server that refuses, and starts anew after a success", async () => {
    const failure = statusError("InternalError", "broken");
    const log = await play([
      { listFails: failure },
      { listFails: failure },
      { list: "5" },
      { watch: [], error: failure },
      { list: "6" },
    ]);
    expect(log.filter((line) => line.includes("@"))).toEqual([
      "list @0",
      "list @800",
      "list @2400",
      "watch 5 @2400",
      "list @3200",
      "watch 6 @3200",
    ]);
  });

  it("does not hurry when watches end at once and empty", async () => {
    const log = await play([{ list: "5" }, { watch: [] }, { watch: [], lastsMs: 1000 }]);
    expect(log.slice(2)).toEqual(["watch 5 @0", "watch 5 @800", "watch 5 @1800"]);
  });
});
