import { createReadStream, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "@coracle/shared/runtime/clock";
import {
  parseComponentFlags,
  parseCount,
  parseDuration,
} from "@coracle/shared/runtime/component-flags";
import { createLogger, type Logger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { aborted, shutdownSignal } from "@coracle/shared/runtime/shutdown";
import { advertiseAddress, hostNetwork } from "./controlplane/advertise-address.ts";
import {
  type ControlplaneConfig,
  ENDPOINT_RECONCILERS,
} from "./controlplane/start-controlplane.ts";
import { AUTHORIZATION_MODES, type AuthorizationMode } from "./filters/authorization.ts";
import { type ApiServerConfig, start } from "./start.ts";
import type { StoreConfig } from "./storage/open-storage.ts";

const PORT_MAX = 65_535;

const flagsOf = (argv: string[]) =>
  parseComponentFlags(argv, {
    "data-dir": { type: "string", default: ".coracle/store" },
    "bind-address": { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "6443" },
    "advertise-address": { type: "string" },
    "advertise-port": { type: "string" },
    "endpoint-reconciler-type": { type: "string", default: "lease" },
    "tls-cert-file": { type: "string" },
    "tls-key-file": { type: "string" },
    "client-ca-file": { type: "string" },
    "token-auth-file": { type: "string" },
    "kubelet-client-certificate": { type: "string" },
    "kubelet-client-key": { type: "string" },
    "kubelet-certificate-authority": { type: "string" },
    "scheduler-health-port": { type: "string", default: "10259" },
    "controller-manager-health-port": { type: "string", default: "10257" },
    "authorization-mode": { type: "string", default: "Trusted" },
    "service-account-issuer": { type: "string", default: "https://kubernetes.default.svc" },
    "service-account-signing-key-file": { type: "string" },
    "service-account-key-file": { type: "string", multiple: true, default: [] as string[] },
    "max-requests-inflight": { type: "string", default: "400" },
    "max-mutating-requests-inflight": { type: "string", default: "200" },
    "request-timeout": { type: "string", default: "1m" },
    "unsafe-no-sync": { type: "boolean", default: false },
    store: { type: "string", default: "level" },
    "etcd-servers": { type: "string", default: "http://127.0.0.1:2379" },
    "etcd-cafile": { type: "string" },
    "etcd-certfile": { type: "string" },
    "etcd-keyfile": { type: "string" },
    "etcd-prefix": { type: "string", default: "/registry" },
    "etcd-compaction-interval": { type: "string", default: "5m" },
    "restore-snapshot": { type: "string" },
  });
type Flags = ReturnType<typeof flagsOf>;

const read = (path: string | undefined) =>
  path === undefined ? undefined : readFileSync(path, "utf8");

function storeOf(flags: Flags): StoreConfig {
  const intervalMs = parseDuration("etcd-compaction-interval", flags["etcd-compaction-interval"]);
  const historyMs = intervalMs || Number.POSITIVE_INFINITY; // 0 = never, as upstream
  if (flags.store !== "level" && flags.store !== "etcd") {
    throw new Error(`--store must be level or etcd, not "${flags.store}"`);
  }
  if (flags.store === "level") {
    return {
      engine: "level",
      directory: flags["data-dir"],
      holder: `apiserver, pid ${process.pid}`,
      sync: !flags["unsafe-no-sync"],
      historyMs,
    };
  }
  return {
    engine: "etcd",
    endpoints: flags["etcd-servers"].split(",").map((endpoint) => endpoint.trim()),
    tls: {
      ca: read(flags["etcd-cafile"]),
      cert: read(flags["etcd-certfile"]),
      key: read(flags["etcd-keyfile"]),
    },
    prefix: flags["etcd-prefix"],
    historyMs,
  };
}

function authorizationModeOf(text: string): AuthorizationMode {
  const mode = AUTHORIZATION_MODES.find((name) => name === text);
  if (mode !== undefined) return mode;
  const modes = AUTHORIZATION_MODES.join(" or ");
  throw new Error(`--authorization-mode must be ${modes}, not "${text}"`);
}

function controlplaneOf(flags: Flags): ControlplaneConfig {
  const type = flags["endpoint-reconciler-type"];
  const endpointReconciler = ENDPOINT_RECONCILERS.find((name) => name === type);
  if (endpointReconciler === undefined) {
    const types = ENDPOINT_RECONCILERS.join(" or ");
    throw new Error(`--endpoint-reconciler-type must be ${types}, not "${type}"`);
  }
  const port = flags["advertise-port"];
  return {
    hostName: hostname(),
    advertiseAddress: advertiseAddress(
      flags["advertise-address"],
      flags["bind-address"],
      hostNetwork,
    ),
    advertisePort: port === undefined ? undefined : parseCount("advertise-port", port, PORT_MAX),
    endpointReconciler,
  };
}

function configOf(flags: Flags): ApiServerConfig {
  const needed = (flag: "tls-cert-file" | "tls-key-file") => {
    const path = flags[flag];
    if (path === undefined) throw new Error(`--${flag} is needed`);
    return readFileSync(path, "utf8");
  };
  return {
    store: storeOf(flags),
    bindAddress: flags["bind-address"],
    port: parseCount("port", flags.port, PORT_MAX),
    controlplane: controlplaneOf(flags),
    componentPorts: {
      "controller-manager": parseCount(
        "controller-manager-health-port",
        flags["controller-manager-health-port"],
        PORT_MAX,
      ),
      scheduler: parseCount("scheduler-health-port", flags["scheduler-health-port"], PORT_MAX),
    },
    tls: {
      cert: needed("tls-cert-file"),
      key: needed("tls-key-file"),
      clientCa: read(flags["client-ca-file"]),
    },
    kubelet: {
      cert: read(flags["kubelet-client-certificate"]),
      key: read(flags["kubelet-client-key"]),
      ca: read(flags["kubelet-certificate-authority"]),
    },
    tokenFile: flags["token-auth-file"],
    authorizationMode: authorizationModeOf(flags["authorization-mode"]),
    serviceAccounts: {
      issuer: flags["service-account-issuer"],
      signingKey: read(flags["service-account-signing-key-file"]),
      keys: flags["service-account-key-file"].map((path) => readFileSync(path, "utf8")),
    },
    inFlight: {
      readMax: parseCount("max-requests-inflight", flags["max-requests-inflight"]),
      writeMax: parseCount(
        "max-mutating-requests-inflight",
        flags["max-mutating-requests-inflight"],
      ),
    },
    requestTimeoutMs: parseDuration("request-timeout", flags["request-timeout"]),
    descriptionsFile: join(dirname(process.argv[1] ?? "."), "descriptions.json"),
  };
}

/** Instead of serving: `coracle snapshot restore` starts the server so. */
async function restore(file: string, store: StoreConfig, logger: Logger): Promise<void> {
  const { restoreSnapshot } = await import("./storage/snapshot/restore-snapshot.ts");
  const open = () => createReadStream(file);
  const { summary, revision } = await restoreSnapshot(store, open, {
    clock: systemClock,
    random: systemRandom,
  });
  logger.info({ file, keys: summary.keys, snapshot: summary.revision, revision }, "restored");
}

/** One line that says what to do, where the cause is known. */
function startFailure(error: unknown, { bindAddress, port }: Partial<ApiServerConfig>): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `port ${port} on ${bindAddress} is in use`;
  if (code === "EACCES") return `port ${port} on ${bindAddress} may not be opened: ${message}`;
  return message;
}

async function main(): Promise<void> {
  let config: Partial<ApiServerConfig> = {};
  let logger = createLogger("apiserver");
  try {
    const flags = flagsOf(process.argv.slice(2));
    logger = createLogger("apiserver", flags.logLevel);
    if (flags["restore-snapshot"] !== undefined) {
      await restore(flags["restore-snapshot"], storeOf(flags), logger);
      process.exit(0);
    }
    config = configOf(flags);
    const stop = shutdownSignal(process);
    const server = await start(config as ApiServerConfig, {
      clock: systemClock,
      random: systemRandom,
      logger,
    });
    await aborted(stop);
    logger.info("stopping");
    await server.close();
    process.exit(0);
  } catch (error) {
    logger.error({ reason: startFailure(error, config) }, "cannot start");
    process.exit(1);
  }
}

void main();
