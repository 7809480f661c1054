// A container daemon of the test's own: its own socket, images and containers, gone when the test ends.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { vi } from "vitest";
import type { Requirement } from "./requirement.ts";

const INSTALL = "apt-get install docker.io docker-compose busybox-static iptables";
const START_MS_MAX = 60_000;
/** Nothing of the machine's own networks, and not the pools that a daemon takes by default. */
const ADDRESS_POOL = "base=10.213.0.0/16,size=24";

const isInstalled = (command: string) =>
  spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;

export function daemonRequirements(): Requirement[] {
  const commands = ["dockerd", "docker", "iptables", "busybox"];
  const missing = commands.filter((command) => !isInstalled(command));
  if (composeCommand() === undefined) missing.push("docker compose");
  return [
    {
      missing: missing.length > 0 ? `${missing.join(", ")} not found` : undefined,
      install: INSTALL,
    },
    { missing: mayMount() ? undefined : "a container daemon needs root", install: "sudo npm test" },
  ];
}

/** Root, and not in a container that lacks CAP_SYS_ADMIN. */
function mayMount(): boolean {
  if (process.platform !== "linux") return false;
  const [, mask = "0"] = /^CapEff:\s+(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return (BigInt(`0x${mask}`) & (1n << 21n)) !== 0n;
}

/** The plugin where there is one, else the command of its own. */
function composeCommand(): string[] | undefined {
  if (spawnSync("docker", ["compose", "version"]).status === 0) return ["docker", "compose"];
  return isInstalled("docker-compose") ? ["docker-compose"] : undefined;
}

export class ContainerDaemon {
  readonly #directory = mkdtempSync(join(tmpdir(), "coracle-dockerd-"));
  readonly #environment: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;

  /** `environment` is seen by every command, and so by docker-compose.yml. */
  constructor(environment: Record<string, string>) {
    const host = `unix://${this.#directory}/docker.sock`;
    this.#environment = { ...process.env, ...environment, DOCKER_HOST: host, DOCKER_BUILDKIT: "0" };
  }

  async start(): Promise<void> {
    const at = (name: string) => join(this.#directory, name);
    const args = [
      ...["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid")],
      ...["--host", `unix://${at("docker.sock")}`, "--bridge", "none"],
      ...["--default-address-pool", ADDRESS_POOL],
    ];
    let log = "";
    this.#process = spawn("dockerd", args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-4000);
    });
    await vi.waitFor(
      () => {
        if (this.#process?.exitCode !== null) throw new Error(`dockerd ended: ${log}`);
        this.docker("info");
      },
      { timeout: START_MS_MAX, interval: 100 },
    );
  }

  async stop(): Promise<void> {
    const daemon = this.#process;
    if (daemon !== undefined && daemon.exitCode === null) {
      const ended = new Promise((resolve) => daemon.once("close", resolve));
      daemon.kill("SIGTERM");
      await ended;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  docker(...args: string[]): string {
    return this.#run(["docker", ...args]);
  }

  compose(...args: string[]): string {
    return this.#run([...(composeCommand() as string[]), ...args]);
  }

  /** An image with node and a shell and nothing else, made from this machine: no registry is asked. */
  importBaseImage(name: string): void {
    this.#importImage(name, { node: process.execPath }, ["sh", "cat", "mkdir", "chown"]);
  }

  /** An image with this machine's etcd and nothing else. */
  importEtcdImage(name: string, program: string): void {
    this.#importImage(name, { etcd: program }, []);
  }

  /** `programs` come with the libraries that they are linked to. */
  #importImage(
    name: string,
    programs: Record<string, string>,
    busyboxApplets: readonly string[],
  ): void {
    const files = join(this.#directory, name);
    for (const folder of ["bin", "etc", "tmp", "proc", "sys", "dev"]) {
      mkdirSync(join(files, folder), { recursive: true });
    }
    const copy = (from: string, to: string) => {
      mkdirSync(dirname(join(files, to)), { recursive: true });
      cpSync(from, join(files, to), { dereference: true });
    };
    for (const [program, path] of Object.entries(programs)) {
      copy(path, `/bin/${program}`);
      const libraries = execFileSync("ldd", [path], { encoding: "utf8" });
      for (const [library] of libraries.matchAll(/\/\S+/g)) copy(library, library);
    }
    for (const applet of busyboxApplets) {
      copy(this.#run(["sh", "-c", "command -v busybox"]).trim(), `/bin/${applet}`);
    }
    writeFileSync(join(files, "etc/nsswitch.conf"), "hosts: files dns\n");
    const archive = join(this.#directory, `${name}.tar`);
    execFileSync("tar", ["-C", files, "-cf", archive, "."]);
    this.docker("import", "--change", "ENV PATH=/bin", archive, name);
  }

  #run(command: readonly string[]): string {
    const [file, ...args] = command as [string, ...string[]];
    const { status, stdout, stderr } = spawnSync(file, args, {
      cwd: dirname(dirname(dirname(new URL(import.meta.url).pathname))),
      env: this.#environment,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  }
}
