// `coracle snapshot` from end to end: saved from a live server while others write, restored into either engine, and what clients of
// the old cluster meet in the new one.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { StoreConfig } from "@coracle/apiserver/storage/open-storage";
import { inspect, printObjects, status } from "@coracle/cli/snapshot-inspect";
import { type RestoreOptions, restore } from "@coracle/cli/snapshot-restore";
import { save } from "@coracle/cli/snapshot-save";
import type { ConfigMap } from "@coracle/shared/api/types/core-v1";
import type { Client } from "@coracle/shared/client/client";
import { StatusError } from "@coracle/shared/machinery/status-error";
import { readSnapshot } from "@coracle/shared/snapshot/snapshot-reader";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bundleApiServer } from "./crash/server-process.ts";
import { startApiServer, type TestApiServer } from "./harness/api-server.ts";
import { etcdRequirement, startEtcd, type TestEtcd } from "./harness/etcd.ts";
import { describeWith } from "./requirement.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SOON = 20_000;
const directory = mkdtempSync(join(tmpdir(), "coracle-snapshot-test-"));
let bundle: string;
beforeAll(async () => {
  bundle = await bundleApiServer();
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  rmSync(dirname(bundle), { recursive: true, force: true });
});

let files = 0;
const newPath = (name: string) => join(directory, `${++files}-${name}`);
const levelAt = (path: string): StoreConfig => ({
  engine: "level",
  directory: join(path, "store"),
  holder: "a test",
  sync: true,
});

function kubeconfigOf({ url, authority, token }: TestApiServer, user = { token }): string {
  const path = newPath("kubeconfig");
  const cluster = {
    server: url,
    "certificate-authority-data": Buffer.from(authority).toString("base64"),
  };
  const config = {
    "current-context": "test",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "test", user }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

const configMap = (name: string, i = 0) => ({
  metadata: { name, namespace: "default" },
  data: { i: String(i), filler: "x".repeat(2000) },
});

interface Load {
  /** By name: the resource versions that the object had, in order; "" = it was deleted. Only what was acknowledged. */
  history: Map<string, { revision: number; i: string }[]>;
  stop(): Promise<void>;
}

/** Creates, changes and deletes without pause. */
function startLoad(client: Client): Load {
  const history: Load["history"] = new Map();
  let stopped = false;
  const write = async (writer: number): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      const name = `load-${writer}-${i % 40}`;
      const states = history.get(name) ?? [];
      history.set(name, states);
      const present = states.at(-1)?.i;
      const object =
        present === undefined || present === ""
          ? await client.for("configmaps").create(configMap(name, i))
          : await client
              .for("configmaps")
              .patch(name, { data: { i: String(i) } }, { namespace: "default", type: "merge" });
      states.push({ revision: Number(object.metadata.resourceVersion), i: String(i) });
    }
  };
  const running = Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
  return {
    history,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/** Saves while writers write; the file shows exactly what was there at its revision. */
async function saveUnderLoad(server: TestApiServer): Promise<{ file: string; newest: number }> {
  const client = server.client();
  await client.for("secrets").create({
    metadata: { name: "kept", namespace: "default" },
    stringData: { a: "b" },
  } as never);
  await client.for("events").create({
    metadata: { name: "an-event", namespace: "default" },
    involvedObject: { kind: "Pod", namespace: "default", name: "p" },
    reason: "Tested",
    message: "with a lease",
    type: "Normal",
  } as never);
  for (let i = 0; i < 300; i++) await client.for("configmaps").create(configMap(`still-${i}`));
  const load = startLoad(client);
  await vi.waitFor(() => expect(load.history.size).toBeGreaterThan(100), SOON);
  const file = newPath("snapshot");
  expect(await save(file, { dataDir: "", kubeconfig: kubeconfigOf(server) })).toMatch(
    /^saved \d+ keys at revision \d+, [\d.]+ [KM]iB, to /,
  );
  await load.stop();
  const { items, metadata } = await client.for("configmaps").list({ namespace: "default" });
  expect(items.length).toBeGreaterThan(300);
  client.close();
  await checkConsistent(file, load.history);
  return { file, newest: Number(metadata.resourceVersion) };
}

async function checkConsistent(file: string, history: Load["history"]): Promise<void> {
  const found = new Map<string, { revision: number; i: string }>();
  const { revision } = await readSnapshot(chunksOf(file), {
    key({ key, value, revision: written }) {
      const name = /^\/registry\/configmaps\/default\/(load-.*)/.exec(key)?.[1];
      if (name === undefined) return;
      const { data } = JSON.parse(value.toString()) as ConfigMap;
      found.set(name, { revision: written, i: data?.i ?? "" });
    },
  });
  for (const [name, states] of history) {
    expect(found.get(name), name).toEqual(states.filter((one) => one.revision <= revision).at(-1));
  }
}

async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  yield readFileSync(file);
}

/** All of a kind as it is stored, without versions, by name. */
async function stateOf(client: Client, kind: "configmaps" | "secrets" | "namespaces" | "events") {
  const { items } = await client.for(kind).list();
  return items.map(({ metadata: { resourceVersion: _, ...metadata }, ...rest }) => ({
    ...rest,
    metadata,
  }));
}

async function restoredState(file: string) {
  const objects = new Map<string, unknown>();
  await printObjects(file, (line) => {
    const object = JSON.parse(line) as ConfigMap;
    if (object.kind !== "ConfigMap") return;
    const { resourceVersion: _, ...metadata } = object.metadata;
    objects.set(metadata.name, { ...object, metadata });
  });
  return objects;
}

/** What a client of the old cluster finds in the restored one. */
async function checkRestored(server: TestApiServer, file: string, newest: number): Promise<void> {
  const client = server.client();
  const saved = await restoredState(file);
  const present = await stateOf(client, "configmaps");
  expect(new Map(present.map((object) => [object.metadata.name, object]))).toEqual(saved);
  expect((await stateOf(client, "secrets")).map(({ metadata }) => metadata.name)).toContain("kept");
  expect((await stateOf(client, "events")).map(({ metadata }) => metadata.name)).toContain(
    "an-event",
  );
  const { metadata } = await client.for("configmaps").list({ namespace: "default" });
  expect(Number(metadata.resourceVersion)).toBeGreaterThan(newest);
  await expect(watchFrom(client, String(newest))).rejects.toMatchObject({ code: 410 });
  const exactly = { resourceVersion: String(newest), resourceVersionMatch: "Exact" };
  await expect(client.for("configmaps").list(exactly)).rejects.toMatchObject({ code: 410 });
  const created = await client.for("configmaps").create(configMap("after"));
  expect(Number(created.metadata.resourceVersion)).toBeGreaterThan(newest);
  const events = client
    .for("configmaps")
    .watch({ resourceVersion: metadata.resourceVersion, timeoutSeconds: 20 });
  for await (const { type, object } of events) {
    expect([type, object.metadata.name]).toEqual(["ADDED", "after"]);
    break;
  }
  const stale = { ...configMap("still-1"), data: { i: "stale" } };
  await expect(
    client
      .for("configmaps")
      .update({ ...stale, metadata: { ...stale.metadata, resourceVersion: "99999" } } as never),
  ).rejects.toMatchObject({ code: 409 });
  client.close();
}

async function watchFrom(client: Client, resourceVersion: string): Promise<void> {
  for await (const _ of client.for("configmaps").watch({ resourceVersion, timeoutSeconds: 5 })) {
    return;
  }
}

const into = (options: Partial<RestoreOptions>): RestoreOptions => ({
  dataDir: newPath("data"),
  store: "level",
  etcdServers: "",
  etcdPrefix: "/registry",
  ...options,
});

async function withServer<T>(
  store: StoreConfig | undefined,
  use: (server: TestApiServer) => Promise<T>,
): Promise<T> {
  const server = await startApiServer(store);
  try {
    return await use(server);
  } finally {
    await server.close();
  }
}

describe("a snapshot of LevelDB", () => {
  let file: string;
  let newest: number;
  beforeAll(async () => {
    ({ file, newest } = await withServer(undefined, saveUnderLoad));
  });

  test("is restored into a new directory, and refused where something is", async () => {
    const options = into({});
    expect(await restore(file, options, bundle)).toMatch(
      /^restored \d+ keys of revision \d+ into /,
    );
    await expect(restore(file, options, bundle)).rejects.toThrow("is not empty");
    await withServer(levelAt(options.dataDir), (server) => checkRestored(server, file, newest));
    // Its revisions go on, and it can be saved and restored again.
    await withServer(levelAt(options.dataDir), async (server) => {
      const again = newPath("snapshot");
      await save(again, { dataDir: "", kubeconfig: kubeconfigOf(server) });
      const next = into({});
      await restore(again, next, bundle);
      await withServer(levelAt(next.dataDir), async (other) => {
        const names = (await stateOf(other.client(), "configmaps")).map((one) => one.metadata.name);
        expect(names).toContain("after");
      });
    });
  });

  test("says what it holds", async () => {
    expect(await status(file)).toMatch(/^revision {2}\d+\nsaved.*\nkeys.*under 1 leases\n/);
    const counts = await inspect(file);
    expect(counts).toMatch(/^Namespace \(v1\) +4 +\d/m);
    expect(counts).toMatch(/^Event \(v1\) +1 +\d/m);
    const lines: string[] = [];
    await printObjects(file, (line) => lines.push(line));
    expect(lines.map((line) => JSON.parse(line).metadata.name)).toContain("still-299");
  });

  test("is refused when it is cut off or damaged, and nothing is written", async () => {
    const bytes = readFileSync(file);
    const cut = newPath("cut");
    writeFileSync(cut, bytes.subarray(0, bytes.length / 2));
    const damaged = newPath("damaged");
    const place = Math.floor(bytes.length / 3);
    writeFileSync(damaged, bytes);
    bytes[place] = (bytes[place] as number) ^ 1;
    writeFileSync(damaged, bytes);
    for (const [bad, words] of [
      [cut, /the snapshot is cut off: it ends at byte \d+, after \d+ keys, without its end/],
      [damaged, /the snapshot is damaged/],
    ] as const) {
      const options = into({});
      await expect(status(bad)).rejects.toThrow(words);
      await expect(inspect(bad)).rejects.toThrow(words);
      await expect(restore(bad, options, bundle)).rejects.toThrow(words);
      expect(await restore(file, options, bundle)).toContain("restored"); // the place is still free
    }
    await expect(status(newPath("none"))).rejects.toThrow("there is no file");
  });

  test("is for administrators only, and a failed download leaves no file", async () => {
    await withServer(undefined, async (server) => {
      const target = newPath("snapshot");
      const kubeconfig = kubeconfigOf(server, { token: "" });
      await expect(save(target, { dataDir: "", kubeconfig })).rejects.toThrow(
        /status 403: .*forbidden|status 401/,
      );
      await expect(save(target, { dataDir: newPath("none") })).rejects.toThrow(
        "name a running cluster",
      );
      expect(() => readFileSync(target)).toThrow("ENOENT");
      expect(() => readFileSync(`${target}.partial`)).toThrow("ENOENT");
      await expect(server.client().request("POST", "/coracle/snapshot")).rejects.toThrow(
        StatusError,
      );
    });
  });
});

describeWith("a snapshot between engines", [etcdRequirement], () => {
  const etcds: TestEtcd[] = [];
  const newEtcd = async () => {
    const etcd = await startEtcd();
    etcds.push(etcd);
    return etcd;
  };
  afterAll(() => Promise.all(etcds.map((etcd) => etcd.remove())));

  test("goes from LevelDB to etcd, below a prefix", async () => {
    const { file, newest } = await withServer(undefined, saveUnderLoad);
    const { endpoint, control } = await newEtcd();
    const options = into({ store: "etcd", etcdServers: endpoint, etcdPrefix: "/clusters/a" });
    await restore(file, options, bundle);
    await expect(restore(file, options, bundle)).rejects.toThrow(/holds \d+ keys/);
    const config: StoreConfig = { engine: "etcd", endpoints: [endpoint], prefix: "/clusters/a" };
    await withServer(config, (server) => checkRestored(server, file, newest));
    const names = await control("get", "--prefix", "/", "--keys-only");
    expect(names).toContain("/clusters/a/configmaps/default/still-7\n");
    expect(names).not.toContain("/registry/");
    // A second API server of the same etcd counts alike.
    await withServer(config, async (server) => {
      await withServer(config, async (other) => {
        const created = await server.client().for("configmaps").create(configMap("both"));
        const seen = await other.client().for("configmaps").get("both", "default");
        expect(seen.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
      });
    });
  });

  test("goes from etcd to LevelDB and to another etcd", async () => {
    const source: StoreConfig = { engine: "etcd", endpoints: [(await newEtcd()).endpoint] };
    const { file, newest } = await withServer(source, saveUnderLoad);
    const level = into({});
    await restore(file, level, bundle);
    await withServer(levelAt(level.dataDir), (server) => checkRestored(server, file, newest));
    const { endpoint } = await newEtcd();
    await restore(file, into({ store: "etcd", etcdServers: endpoint }), bundle);
    const target: StoreConfig = { engine: "etcd", endpoints: [endpoint] };
    await withServer(target, (server) => checkRestored(server, file, newest));
  });
});
