// Empties the server of what a run left, and fills it with the corpus' objects again.
import { resourceFacts } from "@coracle/shared/api/facts";
import { type Corpus, collectionOf, NAMESPACE, VICTIM } from "./corpus.ts";
import { agent, type FuzzServer, sendRequest } from "./send-request.ts";

interface Target extends FuzzServer {
  kubeletPort: number;
}

const PARALLEL = 8;

export async function prepareObjects(server: Target, corpus: Corpus): Promise<void> {
  const send = async (method: string, path: string, value?: unknown, type = "application/json") => {
    const body = value === undefined ? undefined : Buffer.from(JSON.stringify(value));
    const headers = { "content-type": type };
    const outcome = await sendRequest(server, {
      family: "prepare",
      method,
      path,
      headers,
      ...(body && { body }),
    });
    if (outcome.kind !== "answer") throw new Error(`${method} ${path}: ${outcome.kind}`);
    return outcome;
  };
  const each = async <T>(items: readonly T[], one: (item: T) => Promise<unknown>) => {
    const left = [...items];
    const worker = async () => {
      for (let item = left.pop(); item !== undefined; item = left.pop()) await one(item);
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  };

  const collections = resourceFacts
    .filter(
      ({ verbs, resource }) => verbs.includes("deletecollection") && resource !== "namespaces",
    )
    .map(collectionOf);
  await each(collections, (collection) => emptied(collection, send));
  for (const name of [NAMESPACE, VICTIM]) {
    const namespace = { kind: "Namespace", apiVersion: "v1", metadata: { name } };
    // One that is on its way out goes when nothing holds it any more.
    await send("PUT", `/api/v1/namespaces/${name}/finalize`, { ...namespace, spec: {} });
    await send("POST", "/api/v1/namespaces", namespace);
  }
  const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
  await send("POST", accounts, { metadata: { name: "default" } });
  await each(corpus.objects, ({ collection, body }) => send("POST", collection, body));
  await makeRunningPod(server, send);
}

type Send = (
  method: string,
  path: string,
  value?: unknown,
  type?: string,
) => Promise<{ status: number; body: Buffer }>;

/** What the server itself made at its start stays. */
const isOwn = (name: string): boolean =>
  /^(system:|system-|kube|cluster-admin|admin|edit|view|v\d|catch-all|exempt|global-default|leader-election|node-high|probes|service-accounts|workload|endpoint-controller)/.test(
    name,
  );

async function emptied(collection: string, send: Send): Promise<void> {
  const { body, status } = await send("GET", collection);
  if (status !== 200) return;
  const { items } = JSON.parse(body.toString()) as {
    items: { metadata: { name: string; finalizers?: string[] } }[];
  };
  for (const { metadata } of items) {
    if (isOwn(metadata.name)) continue;
    const path = `${collection}/${encodeURIComponent(metadata.name)}`;
    if (metadata.finalizers !== undefined) {
      await send("PATCH", path, { metadata: { finalizers: null } }, "application/merge-patch+json");
    }
    await send("DELETE", path, { gracePeriodSeconds: 0, propagationPolicy: "Background" });
  }
}

/** On a node whose kubelet is the test's own. */
async function makeRunningPod({ kubeletPort }: Target, send: Send): Promise<void> {
  await send("POST", "/api/v1/nodes", { metadata: { name: "fuzz-node" } });
  await send(
    "PATCH",
    "/api/v1/nodes/fuzz-node/status",
    {
      status: {
        addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
        daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      },
    },
    "application/merge-patch+json",
  );
  await send("POST", `/api/v1/namespaces/${NAMESPACE}/pods`, {
    metadata: { name: "running" },
    spec: { nodeName: "fuzz-node", containers: [{ name: "main", image: "a" }] },
  });
}

export const closeConnections = (): void => agent.destroy();
