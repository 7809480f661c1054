import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { expect, it, vi } from "vitest";
import { behaviours } from "../resources/behaviours.ts";
import { kindVersions } from "../resources/kind-versions.ts";
import { openLevelStorage } from "../storage/level/level-storage.ts";
import type { Storage, WatchOptions } from "../storage/storage.ts";
import { type Behaviours, builtInTable } from "./resource-table.ts";

const PREFIX = "/registry/events/";

it("a version that is loaded for one client has what another wrote meanwhile", async () => {
  const directory = await mkdtemp(join(tmpdir(), "coracle-table-"));
  const clock = new SimulatedClock();
  const level = await openLevelStorage({ directory, clock, sync: false });
  const late = latecomer(level, 2);
  const resources = builtInTable(behaviours as unknown as Behaviours, kindVersions, {
    storage: late.storage,
    clock,
    logger: silentLogger,
  });
  const stored = resources.named("events");
  const version = resources.find("events.k8s.io", "v1", "events");
  const write = async (name: string) => {
    const value = Buffer.from(
      JSON.stringify({ ...EVENT, metadata: { name, namespace: "default" } }),
    );
    await level.transaction([], [{ type: "put", key: `${PREFIX}default/${name}`, value }]);
  };
  try {
    await stored.cache.start();
    await write("first");
    const seen: unknown[] = [];
    const ask = async () => {
      await version?.conversion?.follow();
      seen.push(["first", "second"].map((name) => version?.cache.get("default", name)?.name));
    };
    const one = ask();
    await vi.waitFor(() => expect(late.waiting()).toBeGreaterThan(0));
    await write("second");
    const other = ask();
    late.callUpTo(2); // what the first one asked for
    await new Promise(setImmediate);
    late.callUpTo(3);
    await Promise.all([one, other]);
    expect(seen).toEqual([
      ["first", "second"],
      ["first", "second"],
    ]);
  } finally {
    for (const { cache } of [stored, version ?? stored]) await cache.stop();
    await level.close();
    await rm(directory, { recursive: true });
  }
});

const EVENT = {
  kind: "Event",
  apiVersion: "v1",
  involvedObject: { kind: "Pod", name: "p", namespace: "default" },
};

/** A store whose watch number `late` of the prefix is called only when the test says so. */
function latecomer(inner: Storage, late: number) {
  let watches = 0;
  const calls: { revision: number; run: () => void }[] = [];
  const held = (options: WatchOptions): WatchOptions => ({
    ...options,
    onEvents: (events, revision) =>
      calls.push({ revision, run: () => options.onEvents(events, revision) }),
    onProgress: (revision) => calls.push({ revision, run: () => options.onProgress?.(revision) }),
  });
  const watch = (options: WatchOptions) => {
    const isHeld = options.prefix === PREFIX && ++watches === late;
    return inner.watch(isHeld ? held(options) : options);
  };
  const storage = new Proxy(inner, {
    get(target, name) {
      if (name === "watch") return watch;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return {
    storage,
    waiting: () => calls.length,
    callUpTo(revision: number) {
      while ((calls[0]?.revision ?? Number.POSITIVE_INFINITY) <= revision) calls.shift()?.run();
    },
  };
}
