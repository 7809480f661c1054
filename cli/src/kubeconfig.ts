// Kubeconfig files: one user, one cluster and context for each way to the API server, all data inline. They are written as JSON, which is YAML too: a
// component reads its own without loading a YAML parser.
import type { IssuedCertificate } from "./certificate.ts";

export interface KubeconfigOptions {
  /** Of the current context. */
  server: string;
  /** Each API server where there are several: contexts `coracle-1`, `coracle-2`, … */
  servers?: readonly string[];
  /** PEM. */
  authority: string;
  user: string;
  client: IssuedCertificate;
}

const CLUSTER = "coracle";
const encoded = (pem: string) => Buffer.from(pem).toString("base64");

export function renderKubeconfig(options: KubeconfigOptions): string {
  const { server, servers = [], authority, user, client } = options;
  const ways = [
    { name: CLUSTER, server },
    ...servers.map((url, index) => ({ name: `${CLUSTER}-${index + 1}`, server: url })),
  ];
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": CLUSTER,
    clusters: ways.map((way) => ({
      name: way.name,
      cluster: { server: way.server, "certificate-authority-data": encoded(authority) },
    })),
    contexts: ways.map(({ name }) => ({ name, context: { cluster: name, user } })),
    users: [
      {
        name: user,
        user: {
          "client-certificate-data": encoded(client.certificate),
          "client-key-data": encoded(client.key),
        },
      },
    ],
    preferences: {},
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
