// `coracle up --store etcd` without `--etcd-servers`: an etcd of the cluster's own, where the program is installed.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Clock } from "@coracle/shared/runtime/clock";
import { CliError } from "./cli-error.ts";
import { type ClusterOptions, type Command, ETCD, LOOPBACK } from "./components.ts";
import type { DataDirectory } from "./data-directory.ts";
import { accepts, freePort } from "./ports.ts";

export interface LocalEtcd {
  command: Command;
  /** How API servers reach it. */
  options: Pick<ClusterOptions, "etcdServers" | "etcdCafile" | "etcdCertfile" | "etcdKeyfile">;
  /** Resolves when it accepts connections, or the signal comes first. */
  listening(clock: Clock, signal: AbortSignal): Promise<void>;
}

const POLL_MS = 10;

/**
 * Its ports are any free ones, as clusters may start side by side; both speak TLS, and only to holders of this cluster's certificates.
 * Throws CliError when there is no etcd.
 */
export async function localEtcd(directory: DataDirectory, path = ""): Promise<LocalEtcd> {
  const file = findProgram(path);
  const [port, peerPort] = [await freePort(), await freePort()];
  const client = `https://${LOOPBACK}:${port}`;
  const peer = `https://${LOOPBACK}:${peerPort}`;
  const pki = (name: string) => join(directory.pki, name);
  const args = [
    ...["--name", "coracle", "--data-dir", directory.etcd],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
    ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
    ...["--initial-cluster", `coracle=${peer}`],
    ...tlsArgs("", pki),
    ...tlsArgs("peer-", pki),
    "--enable-grpc-gateway=false",
    ...["--logger", "zap", "--log-level", "error"],
  ];
  return {
    command: { name: ETCD, instance: ETCD, file, isProgram: true, args },
    options: {
      etcdServers: `https://localhost:${port}`, // a name: the client warns of addresses
      etcdCafile: pki("ca.crt"),
      etcdCertfile: pki("apiserver-kubelet-client.crt"),
      etcdKeyfile: pki("apiserver-kubelet-client.key"),
    },
    async listening(clock, signal) {
      while (!signal.aborted && !(await accepts(port))) await clock.sleep(POLL_MS, signal);
    },
  };
}

function tlsArgs(prefix: string, pki: (name: string) => string): string[] {
  return [
    ...[`--${prefix}cert-file`, pki("apiserver.crt")],
    ...[`--${prefix}key-file`, pki("apiserver.key")],
    ...[`--${prefix}trusted-ca-file`, pki("ca.crt")],
    `--${prefix}client-cert-auth`,
  ];
}

function findProgram(path: string): string {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, ETCD);
    try {
      if (folder === "") continue;
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not in this folder
    }
  }
  throw new CliError(
    "--store etcd without --etcd-servers starts an etcd here, but none is installed; try: apt-get install etcd-server",
  );
}
