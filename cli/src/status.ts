// `coracle status`: the processes of a cluster, its API server, its nodes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ApiProbe, type NodeStates } from "./api-probe.ts";
import { LOOPBACK } from "./components.ts";
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

const MARGIN = 2;
const LEASES = ["kube-scheduler", "kube-controller-manager"];

export async function status(dataDir: string): Promise<ClusterStatus> {
  const directory = dataDirectory(dataDir);
  const running = readRunning(directory);
  if (running === undefined || !isSupervisor(running.pid)) {
    return { isHealthy: false, lines: [`no cluster runs in ${directory.path}`] };
  }
  const probe = openProbe(directory, running.port);
  try {
    const processes = await processRows(directory, running);
    const readiness = await probe.readiness();
    const nodes = await probe.nodes();
    const leaders = hasStandbys(running) ? await leaderRows(probe) : [];
    const rows: Row[] = [
      { name: "coracle", text: processText(running.pid), isHealthy: true },
      ...processes,
      { name: "/readyz", text: readiness, isHealthy: readiness === "ok" },
      ...leaders,
      {
        name: "nodes",
        text: nodesText(nodes),
        isHealthy: (nodes?.ready.length ?? 0) >= running.nodes,
      },
    ];
    const width = Math.max(...rows.map(({ name }) => name.length)) + MARGIN;
    return {
      isHealthy: rows.every((row) => row.isHealthy),
      lines: rows.map(({ name, text }) => `${name.padEnd(width)}${text}`),
    };
  } finally {
    probe.close();
  }
}

interface Row {
  name: string;
  text: string;
  isHealthy: boolean;
}

/** Of several API servers, each is asked whether it is ready. */
function processRows(directory: DataDirectory, running: RunningCluster): Promise<Row[]> {
  const { components, instances = Object.keys(components), servers = {} } = running;
  return Promise.all(
    instances.map(async (name): Promise<Row> => {
      const pid = components[name];
      if (pid === undefined || !isComponent(pid, name, directory)) {
        return { name, text: "not running", isHealthy: false };
      }
      const port = servers[name];
      if (port === undefined) return { name, text: processText(pid), isHealthy: true };
      const probe = openProbe(directory, port);
      const readiness = await probe.readiness();
      probe.close();
      const text = `${processText(pid)}  port ${port}  /readyz ${readiness}`;
      return { name, text, isHealthy: readiness === "ok" };
    }),
  );
}

const hasStandbys = ({ instances = [] }: RunningCluster): boolean =>
  instances.includes("scheduler-2") || instances.includes("controller-manager-2");

function leaderRows(probe: ApiProbe): Promise<Row[]> {
  return Promise.all(
    LEASES.map(async (lease): Promise<Row> => {
      const holder = await probe.leader(lease);
      const text = holder === undefined ? "nobody leads" : `led by ${holder}`;
      return { name: lease, text, isHealthy: holder !== undefined };
    }),
  );
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
