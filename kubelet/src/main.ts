// The kubelet's process: flags, certificates, signals. Everything else is in kubelet.ts.
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { Client } from "@coracle/shared/client/client";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { canonical } from "@coracle/shared/machinery/quantity";
import { systemClock } from "@coracle/shared/runtime/clock";
import { parseComponentFlags, parseCount } from "@coracle/shared/runtime/component-flags";
import { createLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { aborted, shutdownSignal, stayAliveUntil } from "@coracle/shared/runtime/shutdown";
import { podCidrOf } from "./cri/simulated/address-pool.ts";
import { MemoryHost } from "./cri/simulated/memory-host.ts";
import {
  RUNTIME_NAME,
  RUNTIME_VERSION,
  SimulatedRuntime,
} from "./cri/simulated/simulated-runtime.ts";
import { start } from "./kubelet.ts";
import { NodesBackend } from "./kubelet-backend.ts";
import { machineIdOf } from "./node/machine-id.ts";
import type { NodeFacts } from "./node/node-object.ts";
import { startKubeletServer } from "./server/kubelet-server.ts";

const flags = {
  nodes: { type: "string", default: "3" },
  "node-name-prefix": { type: "string", default: "node-" },
  "node-cpu": { type: "string", default: "4" },
  "node-memory": { type: "string", default: "8Gi" },
  "node-ephemeral-storage": { type: "string", default: "100Gi" },
  "node-ip": { type: "string" },
  address: { type: "string", default: "127.0.0.1" },
  port: { type: "string", default: "10250" },
  "tls-cert-file": { type: "string" },
  "tls-key-file": { type: "string" },
  "client-ca-file": { type: "string" },
} as const;

type Flags = ReturnType<typeof parseFlags>;

const parseFlags = (args: string[]) => parseComponentFlags(args, flags);

function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new Error(`--${name} is required`);
  return value;
}

const pem = (name: string, path: string | undefined): string =>
  readFileSync(required(name, path), "utf8");

function quantity(flag: string, text: string): string {
  try {
    return canonical(text);
  } catch {
    throw new Error(`--${flag} must be a quantity such as 4, 500m or 8Gi, not "${text}"`);
  }
}

/** Where the API server reaches this process: the address it listens on, unless that means all of them. */
function nodeAddress(values: Flags): string {
  if (values["node-ip"] !== undefined) return values["node-ip"];
  if (values.address !== "0.0.0.0" && values.address !== "::") return values.address;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const external = addresses.find(({ internal, family }) => !internal && family === "IPv4");
  return external?.address ?? "127.0.0.1";
}

function nodesOf(values: Flags): NodeFacts[] {
  const address = nodeAddress(values);
  const port = parseCount("port", values.port, 65535);
  return Array.from({ length: parseCount("nodes", values.nodes, 10_000) }, (_, i) => {
    const name = `${values["node-name-prefix"]}${i + 1}`;
    return {
      name,
      podCidr: podCidrOf(i),
      address,
      port,
      cpu: quantity("node-cpu", values["node-cpu"]),
      memory: quantity("node-memory", values["node-memory"]),
      ephemeralStorage: quantity("node-ephemeral-storage", values["node-ephemeral-storage"]),
      runtimeVersion: `${RUNTIME_NAME}://${RUNTIME_VERSION}`,
      machineId: machineIdOf(name),
      architecture: process.arch === "x64" ? "amd64" : process.arch,
    };
  });
}

async function run(values: Flags): Promise<void> {
  const logger = createLogger("kubelet", values.logLevel);
  const signal = shutdownSignal(process);
  const config = loadKubeconfig(required("kubeconfig", values.kubeconfig), values.servers);
  const client = new Client({ ...config, userAgent: "kubelet/v1.36.3-coracle" });
  const clock = systemClock;
  const random = systemRandom;
  const kubelet = start(
    { nodes: nodesOf(values) },
    {
      client,
      clock,
      random,
      logger,
      openMachine({ podCidr }) {
        const host = new MemoryHost();
        const runtime = new SimulatedRuntime({ podCidr, host, clock, random });
        return { host, runtime, runtimeName: RUNTIME_NAME };
      },
    },
  );
  const server = await startKubeletServer({
    address: values.address,
    port: parseCount("port", values.port, 65535),
    cert: pem("tls-cert-file", values["tls-cert-file"]),
    key: pem("tls-key-file", values["tls-key-file"]),
    clientCa: pem("client-ca-file", values["client-ca-file"]),
    backend: new NodesBackend(kubelet.nodes, clock),
    clock,
    logger,
  });
  logger.info({ address: values.address, port: server.port, nodes: kubelet.nodes.size }, "serving");
  stayAliveUntil(signal);
  await aborted(signal);
  logger.info("stopping");
  await server.close();
  await kubelet.stop();
  client.close();
}

async function main(): Promise<void> {
  try {
    await run(parseFlags(process.argv.slice(2)));
    process.exit(0);
  } catch (error) {
    createLogger("kubelet").error({ err: error }, `cannot start: ${(error as Error).message}`);
    process.exit(1);
  }
}

void main();
