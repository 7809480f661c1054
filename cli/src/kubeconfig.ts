// Kubeconfig files: one cluster, one user, one context, all data inline. They are written as JSON, which is YAML too: a
// component reads its own without loading a YAML parser.
import type { IssuedCertificate } from "./certificate.ts";

export interface KubeconfigOptions {
  server: string;
  /** PEM. */
  authority: string;
  user: string;
  client: IssuedCertificate;
}

const CLUSTER = "coracle";
const encoded = (pem: string) => Buffer.from(pem).toString("base64");

export function renderKubeconfig({ server, authority, user, client }: KubeconfigOptions): string {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": CLUSTER,
    clusters: [
      { name: CLUSTER, cluster: { server, "certificate-authority-data": encoded(authority) } },
    ],
    contexts: [{ name: CLUSTER, context: { cluster: CLUSTER, user } }],
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
