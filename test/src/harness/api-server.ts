// An API server in this process, on a free port, with certificates and a store of its own.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServerConfig, start } from "@coracle/apiserver/start";
import type { StoreConfig } from "@coracle/apiserver/storage/open-storage";
import { ensurePki } from "@coracle/cli/pki";
import { Client } from "@coracle/shared/client/client";
import { systemClock } from "@coracle/shared/runtime/clock";
import { type Logger, silentLogger } from "@coracle/shared/runtime/logger";
import { systemRandom } from "@coracle/shared/runtime/random";

export interface TestApiServer {
  url: string;
  /** Of the administrator. */
  token: string;
  /** PEM of the cluster's authority. */
  authority: string;
  /** PEM of the server's own certificate and key. */
  serving: { cert: string; key: string };
  /** A new client with the administrator's certificate; for several servers with the same certificates: their `url`s. */
  client(servers?: readonly string[]): Client;
  close(): Promise<void>;
}

/**
 * On a LevelDB of its own, unless another store is given; with certificates of its own, unless several servers share the folder
 * `sharedPki`. It does not show itself to the cluster, which would write now and then, unless `limits` say so.
 */
export async function startApiServer(
  store?: StoreConfig,
  sharedPki?: string,
  limits?: Pick<
    ApiServerConfig,
    "controlplane" | "inFlight" | "requestTimeoutMs" | "watchHistoryBytesMax"
  >,
  logger: Logger = silentLogger,
): Promise<TestApiServer> {
  const directory = mkdtempSync(join(tmpdir(), "coracle-test-"));
  const pki = sharedPki ?? join(directory, "pki");
  const { authority, clients } = ensurePki({ directory: pki, clock: systemClock });
  const read = (name: string) => readFileSync(join(pki, name), "utf8");
  const serving = { cert: read("apiserver.crt"), key: read("apiserver.key") };
  const kubelet = clients["apiserver-kubelet-client"];
  const server = await start(
    {
      store: store ?? {
        engine: "level",
        directory: join(directory, "store"),
        holder: "a test",
        sync: true,
      },
      bindAddress: "127.0.0.1",
      port: 0,
      tls: { ...serving, clientCa: authority },
      componentPorts: { "controller-manager": 10_257, scheduler: 10_259 }, // upstream's
      kubelet: { cert: kubelet.certificate, key: kubelet.key, ca: authority },
      tokenFile: join(pki, "tokens.csv"),
      serviceAccounts: { issuer: "https://kubernetes.default.svc", signingKey: read("sa.key") },
      descriptionsFile: new URL("../../../dist/descriptions.json", import.meta.url).pathname,
      ...limits,
    },
    { clock: systemClock, random: systemRandom, logger, frozenObjects: true },
  );
  const url = `https://127.0.0.1:${server.port}`;
  const [token = ""] = read("tokens.csv").split(",");
  const { certificate: cert, key } = clients.admin;
  return {
    url,
    token,
    authority,
    serving,
    client: (servers = [url]) =>
      new Client({ server: servers.join(","), ca: authority, cert, key }),
    async close() {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
