// `coracle status`: the processes of a cluster, its API server, its nodes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ApiProbe, type NodeStates } from "./api-probe.ts";
import { COMPONENTS, LOOPBACK } from "./components.ts";
import {
  type DataDirectory,
  dataDirectory,
  isComponent,
  isSupervisor,
  type RunningCluster,
  readRunning,
} from "./data-directory.ts";

export interface ClusterStatus {
  /** Everything runs, /readyz is ok and all nodes are Ready. */
  isHealthy: boolean;
  lines: string[];
}

const NAME_WIDTH = "controller-manager".length + 2;

export async function status(dataDir: string): Promise<ClusterStatus> {
  const directory = dataDirectory(dataDir);
  const running = readRunning(directory);
  if (running === undefined || !isSupervisor(running.pid)) {
    return { isHealthy: false, lines: [`no cluster runs in ${directory.path}`] };
  }
  const processes = processLines(directory, running);
  const probe = openProbe(directory, running.port);
  try {
    const readiness = await probe.readiness();
    const nodes = await probe.nodes();
    return {
      isHealthy:
        readiness === "ok" &&
        processes.every((line) => !line.includes("not running")) &&
        (nodes?.ready.length ?? 0) >= running.nodes,
      lines: [
        ...processes,
        `${"/readyz".padEnd(NAME_WIDTH)}${readiness}`,
        `${"nodes".padEnd(NAME_WIDTH)}${nodesText(nodes)}`,
      ],
    };
  } finally {
    probe.close();
  }
}

function processLines(directory: DataDirectory, running: RunningCluster): string[] {
  const supervisor = `${"coracle".padEnd(NAME_WIDTH)}${processText(running.pid)}`;
  const components = COMPONENTS.flatMap((name) => {
    const pid = running.components[name];
    if (pid === undefined) return [];
    const text = isComponent(pid, name, directory) ? processText(pid) : "not running";
    return [`${name.padEnd(NAME_WIDTH)}${text}`];
  });
  return [supervisor, ...components];
}

function processText(pid: number): string {
  try {
    const [, kilobytes = "0"] =
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return `running  pid ${pid}  ${(Number(kilobytes) / 1024).toFixed(0)} MiB`;
  } catch {
    return `running  pid ${pid}`; // a system without /proc
  }
}

function openProbe(directory: DataDirectory, port: number): ApiProbe {
  const read = (name: string) => readFileSync(join(directory.pki, name), "utf8");
  return new ApiProbe({
    host: LOOPBACK,
    port,
    authority: read("ca.crt"),
    certificate: read("admin.crt"),
    key: read("admin.key"),
  });
}

function nodesText(nodes: NodeStates | undefined): string {
  if (nodes === undefined) return "unknown";
  const { ready, notReady } = nodes;
  const missing = notReady.length > 0 ? `; not ready: ${notReady.join(", ")}` : "";
  return `${ready.length} of ${ready.length + notReady.length} ready${missing}`;
}
