// Everything that must exist before a component can start: keys, certificates, tokens, kubeconfigs.
import type { Clock } from "@coracle/shared/runtime/clock";
import { COMPONENTS, type ComponentName } from "./components.ts";
import { type DataDirectory, writeSecret } from "./data-directory.ts";
import { renderKubeconfig } from "./kubeconfig.ts";
import { ADMIN_USER, type ClientName, ensurePki, KUBELET_USER, type Pki } from "./pki.ts";

export interface ClusterFilesOptions {
  directory: DataDirectory;
  /** How clients outside reach the API server: `https://127.0.0.1:6443`. */
  adminServer: string;
  /** How they reach each API server, where there are several. */
  adminServers?: readonly string[];
  /** How components reach it. */
  componentServer: string;
  componentServers?: readonly string[];
  extraHosts?: readonly string[];
  clock: Clock;
}

const IDENTITIES: Record<
  Exclude<ComponentName, "apiserver">,
  { client: ClientName; user: string }
> = {
  "controller-manager": { client: "controller-manager", user: "system:kube-controller-manager" },
  scheduler: { client: "scheduler", user: "system:kube-scheduler" },
  kubelet: { client: "kubelet-client", user: KUBELET_USER },
};

interface Ways {
  server: string;
  servers?: readonly string[];
}

export function ensureClusterFiles(options: ClusterFilesOptions): Pki {
  const { directory, clock, extraHosts } = options;
  const pki = ensurePki({ directory: directory.pki, clock, extraHosts });
  const write = (path: string, ways: Ways, user: string, client: ClientName) => {
    const { authority, clients } = pki;
    writeSecret(path, renderKubeconfig({ ...ways, authority, user, client: clients[client] }));
  };
  const forAdmin = { server: options.adminServer, servers: options.adminServers };
  const forComponents = { server: options.componentServer, servers: options.componentServers };
  write(directory.kubeconfig, forAdmin, ADMIN_USER, "admin");
  for (const name of COMPONENTS) {
    if (name === "apiserver") continue;
    const { client, user } = IDENTITIES[name];
    write(directory.kubeconfigOf(name), forComponents, user, client);
  }
  return pki;
}
