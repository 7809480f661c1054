// Runs one case with one kubectl, in a namespace that exists for it alone.
import { join } from "node:path";
import type { Client } from "@coracle/shared/client/client";
import type { Kubectl, Outcome } from "../harness/kubectl.ts";
import type { Case } from "./case.ts";
import type { NodePool } from "./node-pool.ts";
import { minorOf, Terminal } from "./terminal.ts";

export interface MatrixCluster {
  kubeconfig: string;
  /** Of the administrator. */
  client: Client;
  nodes: NodePool;
  /** Files of the cases go below it. */
  directory: string;
  onCommand?(namespace: string, command: string, outcome: Outcome): void;
}

const PATIENCE_MS = 20_000;
/** What is not built yet does not come later either. */
const NOT_YET_MS = 1_500;

/** Rejects when something is not as expected. */
export async function runCase(one: Case, kubectl: Kubectl, cluster: MatrixCluster): Promise<void> {
  const { client, nodes, kubeconfig } = cluster;
  const version = `k${minorOf(kubectl)}`;
  const namespace = `${version}-${one.id}`;
  await client.for("namespaces").create({ spec: {}, metadata: { name: namespace } });
  const borrowed: string[] = [];
  const terminal = new Terminal({
    kubectl,
    kubeconfig,
    client,
    namespace,
    directory: join(cluster.directory, namespace),
    home: join(cluster.directory, version),
    patienceMs: one.notYet === undefined ? PATIENCE_MS : NOT_YET_MS,
    async borrowNode() {
      const node = await nodes.take();
      borrowed.push(node);
      return node;
    },
    onCommand: (command, outcome) => cluster.onCommand?.(namespace, command, outcome),
  });
  try {
    // Pods are refused before.
    await terminal.soon(() => client.for("serviceaccounts").get("default", namespace));
    await one.run(terminal);
  } finally {
    await terminal.close();
    for (const node of borrowed) await nodes.giveBack(node);
    await client.for("namespaces").delete(namespace);
  }
}
