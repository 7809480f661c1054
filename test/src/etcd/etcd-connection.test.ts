// The way to etcd: certificates, several members of which some are away, a root of one's own, and who compacts.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EtcdCompactor } from "@coracle/apiserver/storage/etcd/etcd-compactor";
import { connectEtcd } from "@coracle/apiserver/storage/etcd/etcd-connection";
import { openEtcdStorage } from "@coracle/apiserver/storage/etcd/etcd-storage";
import { KeySpace } from "@coracle/apiserver/storage/etcd/key-space";
import { writeShift } from "@coracle/apiserver/storage/etcd/revision-shift";
import {
  type Storage,
  type StorageEvent,
  StorageUnavailableError,
} from "@coracle/apiserver/storage/storage";
import { ensurePki } from "@coracle/cli/pki";
import { SimulatedClock, systemClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { etcdRequirement, startEtcd, startEtcdCluster, type TestEtcd } from "../harness/etcd.ts";
import { describeWith } from "../requirement.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SOON = 20_000;
const dependencies = { clock: systemClock, random: systemRandom };

const put = (storage: Storage, key: string, value = "1") =>
  storage.transaction([], [{ type: "put", key, value: Buffer.from(value) }]);

function record(storage: Storage, prefix: string): StorageEvent[] {
  const seen: StorageEvent[] = [];
  storage.watch({
    prefix,
    startRevision: 2,
    onEvents: (events) => seen.push(...events),
    onError: () => undefined,
  });
  return seen;
}

describeWith("etcd over TLS", [etcdRequirement], () => {
  const directory = mkdtempSync(join(tmpdir(), "coracle-etcd-tls-"));
  const file = (name: string) => join(directory, name);
  const read = (name: string) => readFileSync(file(name), "utf8");
  let etcd: TestEtcd;
  beforeAll(async () => {
    ensurePki({ directory, clock: systemClock });
    etcd = await startEtcd({
      tls: {
        ca: file("ca.crt"),
        cert: file("apiserver.crt"),
        key: file("apiserver.key"),
        clientCert: file("admin.crt"),
        clientKey: file("admin.key"),
      },
    });
  });
  afterAll(async () => {
    await etcd?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  const open = (tls: { ca?: string; cert?: string; key?: string }) =>
    openEtcdStorage({ endpoints: [etcd.endpoint], tls, ...dependencies });

  test("works with a client certificate, also for watches", async () => {
    const storage = await open({
      ca: read("ca.crt"),
      cert: read("admin.crt"),
      key: read("admin.key"),
    });
    const seen = record(storage, "/registry/");
    await put(storage, "/registry/pods/a/b");
    await vi.waitFor(() => expect(seen).toHaveLength(1), SOON);
    expect((await storage.get("/registry/pods/a/b"))?.value.toString()).toBe("1");
    await storage.close();
  });

  test("is refused without one, and does not trust another authority, and says so", async () => {
    const without = open({ ca: read("ca.crt") });
    await expect(without).rejects.toThrow(StorageUnavailableError);
    await expect(without).rejects.toThrow(/cannot be reached: .*(certificate|alert|socket)/);
    const untrusted = open({ cert: read("admin.crt"), key: read("admin.key") });
    await expect(untrusted).rejects.toThrow(/cannot be reached: .*certificate/);
  });
});

describeWith("one etcd for several", [etcdRequirement], () => {
  let etcd: TestEtcd;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd?.remove());

  test("clusters with roots of their own do not see each other", async () => {
    const open = (prefix?: string) =>
      openEtcdStorage({ endpoints: [etcd.endpoint], prefix, ...dependencies });
    const [a, b, whole] = [await open("/a"), await open("b/"), await open()];
    const seen = [record(a, "/registry/"), record(b, "/registry/"), record(whole, "/registry/")];
    await put(a, "/registry/pods/x/one", "a");
    await put(b, "/registry/pods/x/one", "b");
    await put(b, "/registry/pods/x/two", "b");
    await put(whole, "/registry/pods/x/three", "whole");
    await vi.waitFor(() => expect(seen.map((events) => events.length)).toEqual([1, 2, 1]), SOON);
    const page = await b.range({ prefix: "/registry/pods/", startAfter: "/registry/pods/x/one" });
    expect(page.items.map(({ key }) => key)).toEqual(["/registry/pods/x/two"]);
    expect((await a.get("/registry/pods/x/one"))?.value.toString()).toBe("a");
    expect((await a.statistics()).keys).toBe(1);
    expect((await b.statistics()).keys).toBe(2);
    await expect(put(a, "/elsewhere")).rejects.toThrow("/elsewhere is not in /registry");
    const keys = (await etcd.control("get", "--prefix", "/", "--keys-only")).split(/\n+/);
    expect(keys).toEqual(expect.arrayContaining(["/a/pods/x/one", "/b/pods/x/two"]));
    for (const storage of [a, b, whole]) await storage.close();
  });

  test("of several that share it one compacts in each period, and another when that is gone", async () => {
    const clock = new SimulatedClock();
    const connection = await connectEtcd({
      endpoints: [etcd.endpoint],
      tls: undefined,
      clock: systemClock,
    });
    const compacted: string[] = [];
    const ticked: string[] = [];
    const start = (name: string) =>
      new EtcdCompactor({
        connection: {
          call: (async (...args: Parameters<typeof connection.call>) => {
            const answer = await connection.call(...args);
            ticked.push(name);
            return answer;
          }) as typeof connection.call,
        },
        clock,
        logger: silentLogger,
        intervalMs: 300_000,
        compact: async (revision) => {
          compacted.push(`${name} ${revision}`);
        },
      });
    const compactors = [start("a"), start("b"), start("c")];
    const period = async (alive: number) => {
      const before = ticked.length;
      await clock.advance(300_000);
      await vi.waitFor(() => expect(ticked.length).toBe(before + alive), SOON);
      await new Promise((resolve) => setImmediate(resolve)); // the next timers are set
    };
    const write = async () =>
      void (await etcd.control("put", "/registry/compacted", String(ticked.length)));
    await period(3); // nobody knows yet what is old
    expect(compacted).toEqual([]);
    for (let i = 1; i <= 4; i++) {
      await write();
      await period(3);
      expect(compacted).toHaveLength(i);
    }
    const [winner = ""] = compacted.at(-1)?.split(" ") ?? [];
    compactors["abc".indexOf(winner)]?.stop();
    await write();
    await period(2);
    await write();
    await period(2);
    expect(compacted.length).toBeGreaterThan(4);
    expect(compacted.at(-1)?.split(" ")[0]).not.toBe(winner);
    const revisions = compacted.map((text) => Number(text.split(" ")[1]));
    expect(revisions).toEqual(revisions.toSorted((x, y) => x - y));
    for (const compactor of compactors) compactor.stop();
    connection.close();
  });

  test("half a restore is refused", async () => {
    const endpoints = [etcd.endpoint];
    const connection = await connectEtcd({ endpoints, tls: undefined, clock: systemClock });
    const prefix = "/half";
    await writeShift(connection, new KeySpace(prefix), { shift: 5, restoredAt: 0 }, 0);
    connection.close();
    await expect(openEtcdStorage({ endpoints, prefix, ...dependencies })).rejects.toThrow(
      "did not end: restore the snapshot again",
    );
  });

  test("a revision in which a lease takes thousands of keys reaches the watchers at once", async () => {
    const storage = await openEtcdStorage({ endpoints: [etcd.endpoint], ...dependencies });
    const seen = record(storage, "/registry/events/");
    const lease = await storage.grantLease(600);
    const keys = Array.from({ length: 3000 }, (_, i) => `/registry/events/default/e-${i}`);
    for (let i = 0; i < keys.length; i += 100) {
      const operations = keys
        .slice(i, i + 100)
        .map((key) => ({ type: "put" as const, key, value: Buffer.alloc(500, "x"), lease }));
      await storage.transaction([], operations);
    }
    await storage.revokeLease(lease);
    await vi.waitFor(() => expect(seen).toHaveLength(6000), SOON);
    const deletions = seen.slice(3000);
    expect(new Set(deletions.map(({ revision }) => revision)).size).toBe(1);
    expect(deletions.map(({ key }) => key).sort()).toEqual(keys.toSorted());
    await storage.close();
  });
});

describeWith("three etcds", [etcdRequirement], () => {
  test("one is enough to begin with, and any two to go on", async () => {
    const cluster = await startEtcdCluster(3);
    const storage = await openEtcdStorage({
      endpoints: ["http://127.0.0.1:1", ...cluster.endpoints],
      ...dependencies,
    });
    try {
      const seen = record(storage, "/registry/");
      const acknowledged: string[] = [];
      const write = async (count: number): Promise<void> => {
        for (let i = 0; i < count; ) {
          const key = `/registry/r/${acknowledged.length}`;
          try {
            await put(storage, key);
            acknowledged.push(key);
            i++;
          } catch (error) {
            expect(error).toBeInstanceOf(StorageUnavailableError);
          }
        }
      };
      await write(50);
      for (const member of cluster.members) {
        await member.kill();
        await write(50);
        await member.start();
      }
      const { revision } = await put(storage, "/registry/last");
      await vi.waitFor(() => expect(seen.at(-1)?.revision).toBe(revision), SOON);
      const revisions = seen.map((event) => event.revision);
      expect(new Set(revisions).size).toBe(revisions.length);
      expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
      const keys = new Set(seen.map(({ key }) => key));
      expect(acknowledged.filter((key) => !keys.has(key))).toEqual([]);
    } finally {
      await storage.close();
      await cluster.remove();
    }
  });

  test("one that hangs is left, by calls and by watches", async () => {
    const cluster = await startEtcdCluster(3);
    const storage = await openEtcdStorage({ endpoints: cluster.endpoints, ...dependencies });
    try {
      const seen = record(storage, "/registry/");
      for (const [i, member] of cluster.members.entries()) {
        member.pause();
        const other = cluster.members[(i + 1) % 3] as TestEtcd;
        // Whoever paused the leader has to wait for the next one.
        await vi.waitFor(() => other.control("put", `/registry/${i}`, "1"), SOON);
        await vi.waitFor(() => storage.caughtUp(), SOON);
        // Not the last one, perhaps: what a paused leader was sent is passed on by it, late.
        expect(seen.map(({ key }) => key)).toContain(`/registry/${i}`);
        member.resume();
      }
    } finally {
      for (const member of cluster.members) member.resume();
      await storage.close();
      await cluster.remove();
    }
  });
});
