// Concurrent clients of several API servers, while the store's leader is killed or does not answer: what they were told must be
// possible on one store that does one thing after the other. `npm run bench -- linearizability` does it for longer.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Client } from "@coracle/shared/client/client";
import { systemClock } from "@coracle/shared/runtime/clock";
import { seededRandom, systemRandom } from "@coracle/shared/runtime/random";
import { expect, test, vi } from "vitest";
import { bundleApiServer, startServerProcess } from "../crash/server-process.ts";
import { startApiServer, type TestApiServer } from "../harness/api-server.ts";
import { etcdRequirement, startEtcdCluster } from "../harness/etcd.ts";
import { describeWith } from "../requirement.ts";
import { runConsistency } from "./consistency-run.ts";

const PAUSE_MS = 1500;
const seed = systemRandom.integer(1_000_000);

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

test(`one API server on LevelDB (seed ${seed})`, async () => {
  const server = await startApiServer();
  const client = server.client();
  try {
    const result = await runConsistency({
      sources: [() => client],
      clientsPerServer: 8,
      objects: 3,
      random: seededRandom(seed),
      disturb: ({ operations }) => operations(1500),
    });
    expect(result.findings).toEqual([]);
    expect(result.unknown).toBe(0);
  } finally {
    client.close();
    await server.close();
  }
});

test(`one API server on LevelDB that is killed (seed ${seed})`, async () => {
  const directory = mkdtempSync(join(tmpdir(), "coracle-linearizability-"));
  const bundle = await bundleApiServer();
  let server = await startServerProcess({ bundle, directory, flags: ["--log-level", "error"] });
  let client: Client = server.client();
  try {
    const result = await runConsistency({
      sources: [() => client],
      clientsPerServer: 6,
      objects: 3,
      random: seededRandom(seed),
      async disturb({ operations }) {
        for (let kill = 0; kill < 3; kill++) {
          await operations(100);
          await server.kill();
          server = await startServerProcess({ bundle, directory, flags: ["--log-level", "error"] });
          client.close();
          client = server.client();
        }
        await operations(100);
      },
    });
    expect(result.findings).toEqual([]);
    expect(result.unknown).toBeGreaterThan(0);
  } finally {
    client.close();
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
    rmSync(dirname(bundle), { recursive: true, force: true });
  }
});

describeWith("three API servers on three etcds", [etcdRequirement], () => {
  test(`the leader is killed, and another does not answer (seed ${seed})`, async () => {
    const etcds = await startEtcdCluster(3);
    const servers: TestApiServer[] = [];
    const clients: Client[] = [];
    try {
      for (let i = 0; i < 3; i++) {
        const endpoints = [...etcds.endpoints.slice(i), ...etcds.endpoints.slice(0, i)];
        const server = await startApiServer({ engine: "etcd", endpoints });
        servers.push(server);
        clients.push(server.client());
      }
      const result = await runConsistency({
        sources: clients.map((client) => () => client),
        clientsPerServer: 3,
        objects: 3,
        random: seededRandom(seed),
        async disturb({ operations }) {
          await operations(150);
          const killed = await etcds.leader();
          await killed.kill();
          await operations(50);
          await killed.start();
          await operations(50);
          const paused = await etcds.leader();
          paused.pause();
          await systemClock.sleep(PAUSE_MS);
          paused.resume();
          await operations(150);
        },
      });
      expect(result.findings).toEqual([]);
      expect(result.done).toBeGreaterThan(400);
    } finally {
      for (const client of clients) client.close();
      for (const server of servers) await server.close();
      await etcds.remove();
    }
  });
});
