// What every runtime must do, whatever is behind it: simulated today, containerd tomorrow. A runtime's test calls `runtimeContract`.
import { describe, expect, it } from "vitest";
import type { Host, LogEntry } from "./host.ts";
import {
  type ContainerConfig,
  type ContainerEvent,
  type ContainerStatus,
  type PodSandboxConfig,
  type Runtime,
  RuntimeError,
} from "./runtime.ts";

export interface RuntimeUnderTest {
  runtime: Runtime;
  host: Host;
  /** An image with a shell and the usual small tools. */
  image: string;
  /** Lets `ms` of the runtime's time pass. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

const sandboxConfig = (name = "web"): PodSandboxConfig => ({
  metadata: { name, uid: `uid-${name}`, namespace: "default", attempt: 0 },
  hostname: name,
  logDirectory: `/var/log/pods/default_${name}_uid-${name}`,
  labels: { "io.kubernetes.pod.uid": `uid-${name}` },
  annotations: {},
});

const never = new AbortController().signal;

class Scene {
  readonly under: RuntimeUnderTest;
  readonly sandboxId: string;

  constructor(under: RuntimeUnderTest, sandboxId: string) {
    this.under = under;
    this.sandboxId = sandboxId;
  }

  async create(config: Partial<ContainerConfig> & { name?: string } = {}): Promise<string> {
    const { runtime, image } = this.under;
    const { name = "main", ...rest } = config;
    return runtime.createContainer(this.sandboxId, {
      metadata: { name, attempt: 0 },
      image,
      imageRef: await runtime.pullImage(image),
      command: [],
      args: [],
      workingDir: "",
      envs: [],
      mounts: [],
      labels: { "io.kubernetes.container.name": name },
      annotations: {},
      logPath: `${name}/0.log`,
      stdin: false,
      stdinOnce: false,
      tty: false,
      ports: [],
      resources: { cpuLimitMilli: 0, memoryLimitBytes: 0 },
      ...rest,
    });
  }

  async run(config: Partial<ContainerConfig> & { name?: string } = {}): Promise<string> {
    const id = await this.create(config);
    await this.under.runtime.startContainer(id);
    return id;
  }

  sh(script: string, config: Partial<ContainerConfig> & { name?: string } = {}): Promise<string> {
    return this.run({ command: ["sh", "-c", script], ...config });
  }

  async ended(id: string): Promise<ContainerStatus> {
    for (let tries = 0; tries < 500; tries++) {
      const status = await this.under.runtime.containerStatus(id);
      if (status.state === "CONTAINER_EXITED") return status;
      await this.under.advance(10);
    }
    throw new Error("the container did not end");
  }

  async log(id: string): Promise<string[]> {
    const { logPath } = await this.under.runtime.containerStatus(id);
    const batches = this.under.host.readLog(logPath, { follow: false, signal: never });
    const entries: LogEntry[] = [];
    for await (const batch of batches ?? []) entries.push(...batch);
    return entries.map(({ stream, line }) => `${stream}: ${Buffer.from(line).toString()}`);
  }
}

/** `open` makes a fresh runtime for each case. */
export function runtimeContract(name: string, open: () => Promise<RuntimeUnderTest>): void {
  const scenario = (what: string, play: (scene: Scene) => Promise<void>) =>
    it(what, async () => {
      const under = await open();
      try {
        await play(new Scene(under, await under.runtime.runPodSandbox(sandboxConfig())));
      } finally {
        await under.close();
      }
    });
  describe(`CRI contract: ${name}`, () => {
    sandboxes(scenario);
    lifecycles(scenario);
    commands(scenario);
    images(scenario);
  });
}

type Scenario = (what: string, play: (scene: Scene) => Promise<void>) => void;

function sandboxes(scenario: Scenario): void {
  scenario("a sandbox is ready and has an address of its own", async ({ under, sandboxId }) => {
    const other = await under.runtime.runPodSandbox(sandboxConfig("other"));
    const first = await under.runtime.podSandboxStatus(sandboxId);
    const second = await under.runtime.podSandboxStatus(other);
    expect(first.state).toBe("SANDBOX_READY");
    expect(first.network.ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(second.network.ip).not.toBe(first.network.ip);
    const found = await under.runtime.listPodSandbox({
      labelSelector: { "io.kubernetes.pod.uid": "uid-other" },
    });
    expect(found.map(({ id }) => id)).toEqual([other]);
  });

  scenario("stopping a sandbox stops its containers; removing it removes them", async (scene) => {
    const { runtime } = scene.under;
    const id = await scene.run();
    await runtime.stopPodSandbox(scene.sandboxId);
    expect((await scene.ended(id)).exitCode).toBe(137);
    expect((await runtime.podSandboxStatus(scene.sandboxId)).state).toBe("SANDBOX_NOTREADY");
    await runtime.removePodSandbox(scene.sandboxId);
    expect(await runtime.listContainers()).toEqual([]);
    await expect(runtime.podSandboxStatus(scene.sandboxId)).rejects.toMatchObject({
      code: "NotFound",
    });
    await runtime.removePodSandbox(scene.sandboxId); // idempotent
  });
}

function lifecycles(scenario: Scenario): void {
  scenario("a container is created, runs until it is stopped, and is removed", async (scene) => {
    const { runtime } = scene.under;
    const events: ContainerEvent["type"][] = [];
    runtime.getContainerEvents(({ type }) => events.push(type));
    const id = await scene.create();
    expect((await runtime.containerStatus(id)).state).toBe("CONTAINER_CREATED");
    await runtime.startContainer(id);
    const running = await runtime.containerStatus(id);
    expect(running).toMatchObject({ state: "CONTAINER_RUNNING", finishedAt: 0 });
    expect(running.startedAt).toBeGreaterThan(0);
    await runtime.stopContainer(id, 30);
    expect(await scene.ended(id)).toMatchObject({ exitCode: 0, reason: "Completed" });
    await runtime.removeContainer(id);
    await expect(runtime.containerStatus(id)).rejects.toBeInstanceOf(RuntimeError);
    await runtime.removeContainer(id); // idempotent
    expect(events).toEqual([
      "CONTAINER_CREATED_EVENT",
      "CONTAINER_STARTED_EVENT",
      "CONTAINER_STOPPED_EVENT",
      "CONTAINER_DELETED_EVENT",
    ]);
  });

  scenario("exit codes and reasons are the process's", async (scene) => {
    const failed = await scene.ended(await scene.sh("exit 3", { name: "a" }));
    expect(failed).toMatchObject({ exitCode: 3, reason: "Error" });
    const done = await scene.ended(await scene.run({ name: "b", command: ["true"] }));
    expect(done).toMatchObject({ exitCode: 0, reason: "Completed" });
  });

  scenario("a command that is not in the image fails to start with 128", async (scene) => {
    const id = await scene.create({ command: ["no-such-program"] });
    await expect(scene.under.runtime.startContainer(id)).rejects.toThrow(
      'exec: "no-such-program": executable file not found in $PATH',
    );
    expect(await scene.ended(id)).toMatchObject({ exitCode: 128, reason: "StartError" });
  });

  scenario("time passes while it sleeps", async (scene) => {
    const id = await scene.run({ command: ["sleep", "5"] });
    await scene.under.advance(1000);
    expect((await scene.under.runtime.containerStatus(id)).state).toBe("CONTAINER_RUNNING");
    await scene.under.advance(5000);
    expect((await scene.ended(id)).exitCode).toBe(0);
  });

  scenario("figures are told for running containers only", async (scene) => {
    const running = await scene.run({ name: "a" });
    await scene.ended(await scene.run({ name: "b", command: ["true"] }));
    const stats = await scene.under.runtime.listContainerStats();
    expect(stats.map(({ id }) => id)).toEqual([running]);
    expect(stats[0]?.memoryWorkingSetBytes).toBeGreaterThan(0);
  });
}

function commands(scenario: Scenario): void {
  scenario("both streams are logged, in order, while it runs", async (scene) => {
    const id = await scene.sh("echo one; echo two >&2; while true; do echo x; sleep 1; done");
    for (let tries = 0; tries < 300 && (await scene.log(id)).length < 4; tries++) {
      await scene.under.advance(100);
    }
    const log = await scene.log(id);
    expect(log.slice(0, 4)).toEqual(["stdout: one", "stderr: two", "stdout: x", "stdout: x"]);
    expect((await scene.under.runtime.containerStatus(id)).state).toBe("CONTAINER_RUNNING");
    await scene.under.runtime.stopContainer(id, 30);
    expect((await scene.ended(id)).exitCode).toBe(143);
  });

  scenario(
    "containers of a Pod share a volume; a read-only mount refuses writes",
    async (scene) => {
      const { host } = scene.under;
      host.createDirectory("/pods/uid-web/volumes/data");
      const hostPath = "/pods/uid-web/volumes/data";
      const writable = [{ containerPath: "/out", hostPath, readonly: false }];
      const readonly = [{ containerPath: "/in", hostPath, readonly: true }];
      await scene.ended(await scene.sh("echo hi > /out/x", { name: "a", mounts: writable }));
      const reader = await scene.sh("cat /in/x; echo no > /in/y", { name: "b", mounts: readonly });
      expect((await scene.ended(reader)).exitCode).not.toBe(0);
      expect((await scene.log(reader))[0]).toBe("stdout: hi");
      expect(Buffer.from((await host.readFile(`${hostPath}/x`)) ?? []).toString()).toBe("hi\n");
      expect(await host.readFile(`${hostPath}/y`)).toBeUndefined();
    },
  );

  scenario("copying a file that is not there fails", async (scene) => {
    const id = await scene.run({ command: ["cp", "/no-such-file", "/tmp"] });
    expect((await scene.ended(id)).exitCode).toBe(1);
  });

  scenario("exec sees the container's files, environment and input", async (scene) => {
    const { runtime } = scene.under;
    const id = await scene.run({ envs: [{ key: "GREETING", value: "hello" }] });
    const written = await runtime.execSync(id, ["sh", "-c", "echo $GREETING > /tmp/f; exit 7"], 0);
    expect(written.exitCode).toBe(7);
    const read = await runtime.execSync(id, ["cat", "/tmp/f"], 0);
    expect(Buffer.from(read.stdout).toString()).toBe("hello\n");
    // kubectl cp asks so.
    expect((await runtime.execSync(id, ["test", "-d", "/tmp"], 0)).exitCode).toBe(0);
    expect((await runtime.execSync(id, ["test", "-d", "/none"], 0)).exitCode).toBe(1);
    const chunks: string[] = [];
    async function* stdin() {
      yield Buffer.from("typed\n");
    }
    const exitCode = await runtime.exec(
      { containerId: id, cmd: ["cat"], tty: false },
      {
        stdin: stdin(),
        stdout: (chunk) => chunks.push(Buffer.from(chunk).toString()),
        stderr: (chunk) => chunks.push(`error: ${chunk.length} bytes`),
        signal: never,
      },
    );
    expect([exitCode, chunks]).toEqual([0, ["typed\n"]]);
  });

  scenario("exec needs a running container", async (scene) => {
    const id = await scene.run({ command: ["true"] });
    await scene.ended(id);
    await expect(scene.under.runtime.execSync(id, ["ls"], 0)).rejects.toThrow(
      "CONTAINER_EXITED state",
    );
  });

  scenario("an exec that takes too long is ended", async (scene) => {
    const id = await scene.run();
    const outcome = scene.under.runtime.execSync(id, ["sleep", "60"], 1);
    const refused = expect(outcome).rejects.toMatchObject({ code: "DeadlineExceeded" });
    await scene.under.advance(50);
    await scene.under.advance(2000);
    await refused;
  });
}

function images(scenario: Scenario): void {
  scenario("an image is there after it was pulled", async ({ under: { runtime, image } }) => {
    await runtime.removeImage(image);
    expect(await runtime.imageStatus(image)).toBeUndefined();
    const reference = await runtime.pullImage(image);
    expect((await runtime.imageStatus(image))?.id).toBe(reference);
  });

  scenario("an image that does not exist cannot be pulled", async ({ under: { runtime } }) => {
    await expect(runtime.pullImage("invalid/none:1")).rejects.toThrow("not found");
  });
}
