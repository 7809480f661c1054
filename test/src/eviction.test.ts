// What several clients do at once: a disruption budget lets no more Pods go than it allows, and no address is given out twice.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepareNamespace, send } from "./conformance/replay.ts";
import { startApiServer, type TestApiServer } from "./harness/api-server.ts";

const NAMESPACE = "together";
let server: TestApiServer;

async function request(method: string, path: string, body?: unknown) {
  const { status, raw } = await send(server, { name: path, method, path, body }, NAMESPACE);
  return { status, body: raw as { spec: object; status: Record<string, unknown> } };
}

beforeAll(async () => {
  server = await startApiServer();
  await prepareNamespace(server, NAMESPACE);
});
afterAll(() => server.close());

describe("evictions", () => {
  const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
  const budgets = `/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets`;

  async function runningPod(name: string): Promise<void> {
    const containers = [{ name: "c", image: "i" }];
    const labels = { app: "web" };
    await request("POST", pods, {
      metadata: { name, labels },
      spec: { nodeName: "n", containers },
    });
    const conditions = [{ type: "Ready", status: "True" }];
    await request("PATCH", `${pods}/${name}/status`, { status: { phase: "Running", conditions } });
  }

  it("take no more than the budget allows", async () => {
    const names = Array.from({ length: 8 }, (_, i) => `p${i}`);
    await Promise.all(names.map(runningPod));
    const selector = { matchLabels: { app: "web" } };
    await request("POST", budgets, {
      metadata: { name: "b" },
      spec: { minAvailable: 5, selector },
    });
    await request("PATCH", `${budgets}/b/status`, {
      status: {
        observedGeneration: 1,
        disruptionsAllowed: 3,
        currentHealthy: 8,
        desiredHealthy: 5,
      },
    });
    const answers = await Promise.all(
      names.map((name) => request("POST", `${pods}/${name}/eviction`, { metadata: { name } })),
    );
    const codes = answers.map(({ status }) => status).sort();
    expect(codes).toEqual([201, 201, 201, 429, 429, 429, 429, 429]);
    const { body } = await request("GET", `${budgets}/b`);
    expect(body.status.disruptionsAllowed).toBe(0);
    expect(Object.keys(body.status.disruptedPods as object)).toHaveLength(3);
  });
});

describe("cluster addresses", () => {
  const services = `/api/v1/namespaces/${NAMESPACE}/services`;
  const ipAddresses = "/apis/networking.k8s.io/v1/ipaddresses";

  it("go to one of the Services that want the same", async () => {
    const spec = { clusterIP: "10.96.77.7", ports: [{ port: 80 }] };
    const names = Array.from({ length: 6 }, (_, i) => `s${i}`);
    const answers = await Promise.all(
      names.map((name) => request("POST", services, { metadata: { name }, spec })),
    );
    const codes = answers.map(({ status }) => status).sort();
    expect(codes).toEqual([201, 422, 422, 422, 422, 422]);
    const winner = names[answers.findIndex(({ status }) => status === 201)];
    const { body } = await request("GET", `${ipAddresses}/10.96.77.7`);
    expect(body.spec).toEqual({
      parentRef: { resource: "services", namespace: NAMESPACE, name: winner },
    });
  });

  it("and so do node ports", async () => {
    const spec = { type: "NodePort", ports: [{ port: 80, nodePort: 30777 }] };
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        request("POST", services, { metadata: { name: `n${i}` }, spec }),
      ),
    );
    const codes = answers.map(({ status }) => status).sort();
    expect(codes).toEqual([201, 422, 422, 422, 422, 422]);
    const winner = answers.findIndex(({ status }) => status === 201);
    expect((await request("DELETE", `${services}/n${winner}`)).status).toBe(200);
    const again = await request("POST", services, { metadata: { name: "again" }, spec });
    expect(again.status).toBe(201);
  });
});
