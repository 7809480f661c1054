import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemClock } from "@coracle/shared/runtime/clock";
import { parseComponentFlags, parseCount } from "@coracle/shared/runtime/component-flags";
import { createLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";
import { aborted, shutdownSignal } from "@coracle/shared/runtime/shutdown";
import { type ApiServerConfig, start } from "./start.ts";
import type { StoreConfig } from "./storage/open-storage.ts";

const PORT_MAX = 65_535;

function configOf(argv: string[]): {
  config: ApiServerConfig;
  logLevel: Parameters<typeof createLogger>[1];
} {
  const flags = parseComponentFlags(argv, {
    "data-dir": { type: "string", default: ".coracle/store" },
    "bind-address": { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "6443" },
    "tls-cert-file": { type: "string" },
    "tls-key-file": { type: "string" },
    "client-ca-file": { type: "string" },
    "token-auth-file": { type: "string" },
    "kubelet-client-certificate": { type: "string" },
    "kubelet-client-key": { type: "string" },
    "kubelet-certificate-authority": { type: "string" },
    "unsafe-no-sync": { type: "boolean", default: false },
    store: { type: "string", default: "level" },
    "etcd-servers": { type: "string", default: "http://127.0.0.1:2379" },
    "etcd-cafile": { type: "string" },
    "etcd-certfile": { type: "string" },
    "etcd-keyfile": { type: "string" },
  });
  const read = (path: string | undefined) =>
    path === undefined ? undefined : readFileSync(path, "utf8");
  const needed = (flag: "tls-cert-file" | "tls-key-file") => {
    const path = flags[flag];
    if (path === undefined) throw new Error(`--${flag} is needed`);
    return readFileSync(path, "utf8");
  };
  if (flags.store !== "level" && flags.store !== "etcd") {
    throw new Error(`--store must be level or etcd, not "${flags.store}"`);
  }
  const level: StoreConfig = {
    engine: "level",
    directory: flags["data-dir"],
    holder: `apiserver, pid ${process.pid}`,
    sync: !flags["unsafe-no-sync"],
  };
  const etcd = (): StoreConfig => ({
    engine: "etcd",
    endpoints: flags["etcd-servers"].split(",").map((endpoint) => endpoint.trim()),
    tls: {
      ca: read(flags["etcd-cafile"]),
      cert: read(flags["etcd-certfile"]),
      key: read(flags["etcd-keyfile"]),
    },
  });
  return {
    logLevel: flags.logLevel,
    config: {
      store: flags.store === "etcd" ? etcd() : level,
      bindAddress: flags["bind-address"],
      port: parseCount("port", flags.port, PORT_MAX),
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
      descriptionsFile: join(dirname(process.argv[1] ?? "."), "descriptions.json"),
    },
  };
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
    const parsed = configOf(process.argv.slice(2));
    config = parsed.config;
    logger = createLogger("apiserver", parsed.logLevel);
    const stop = shutdownSignal(process);
    const server = await start(parsed.config, { clock: systemClock, random: systemRandom, logger });
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
