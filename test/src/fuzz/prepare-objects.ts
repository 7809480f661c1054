// Empties the server of what a run left, and fills it with the corpus' objects again.
import { resourceFacts } from "@coracle/shared/api/facts";
import { type Corpus, collectionOf, NAMESPACE, type SeedObject, VICTIM } from "./corpus.ts";
import { agent, type FuzzServer, sendRequest } from "./send-request.ts";

interface Target extends FuzzServer {
  kubeletPort: number;
}

const PARALLEL = 8;

/** Gives the objects that are there now: some of the corpus' stand in each other's way. */
export async function prepareObjects(server: Target, corpus: Corpus): Promise<SeedObject[]> {
  const send = senderTo(server);
  const collections = resourceFacts
    .filter(
      ({ verbs, resource }) => verbs.includes("deletecollection") && resource !== "namespaces",
    )
    .map(collectionOf);
  await each(collections, (collection) => emptied(collection, send));
  return refill(server, corpus);
}

/** Makes again what requests have deleted. */
export async function refill(server: Target, { objects }: Pick<Corpus, "objects">) {
  const send = senderTo(server);
  for (const name of [NAMESPACE, VICTIM]) {
    const namespace = { kind: "Namespace", apiVersion: "v1", metadata: { name } };
    // One that is on its way out goes when nothing holds it any more.
    await send("PUT", `/api/v1/namespaces/${name}/finalize`, { ...namespace, spec: {} });
    await send("POST", "/api/v1/namespaces", namespace);
  }
  const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
  await send("POST", accounts, { metadata: { name: "default" } });
  const there = new Set<SeedObject>();
  await each(objects, async (object) => {
    const { status } = await send("POST", object.collection, object.body);
    if (status === 409) there.add(object);
    if (status !== 201) return;
    // What is only asked leaves nothing behind.
    const path = `${object.collection}/${encodeURIComponent(object.name)}`;
    if ((await send("GET", path)).status === 200) there.add(object);
  });
  await makeRunningPod(server, send);
  return objects.filter((object) => there.has(object));
}

async function each<T>(items: readonly T[], one: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await one(item);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

const senderTo =
  (server: Target): Send =>
  async (method, path, value, type = "application/json") => {
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
  const everywhere = collection.replace(`/namespaces/${NAMESPACE}/`, "/");
  const { body, status } = await send("GET", everywhere);
  if (status !== 200) return;
  const { items } = JSON.parse(body.toString()) as {
    items: { metadata: { name: string; namespace?: string; finalizers?: string[] } }[];
  };
  for (const { metadata } of items) {
    if (isOwn(metadata.name)) continue;
    const { namespace = NAMESPACE } = metadata;
    const own = collection.replace(`/namespaces/${NAMESPACE}/`, `/namespaces/${namespace}/`);
    const path = `${own}/${encodeURIComponent(metadata.name)}`;
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
  const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
  const ports = [{ containerPort: 8080 }];
  await send("POST", pods, {
    metadata: { name: "running", labels: { app: "running" } },
    spec: { nodeName: "fuzz-node", containers: [{ name: "main", image: "a", ports }] },
  });
  const [podIP, conditions] = ["10.1.2.3", [{ type: "Ready", status: "True" }]];
  const status = { phase: "Running", podIP, podIPs: [{ ip: podIP }], conditions };
  await send("PATCH", `${pods}/running/status`, { status }, "application/merge-patch+json");
  await send("POST", `/api/v1/namespaces/${NAMESPACE}/services`, {
    metadata: { name: "fuzz-running" },
    spec: { selector: { app: "running" }, ports: [{ port: 80, targetPort: 8080 }] },
  });
}

export const closeConnections = (): void => agent.destroy();
