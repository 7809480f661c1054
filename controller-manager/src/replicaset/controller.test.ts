import type { ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { Store } from "@coracle/shared/cache/store";
import { Client } from "@coracle/shared/client/client";
import type { TransportRequest } from "@coracle/shared/client/transport";
import type { ControllerContext } from "@coracle/shared/controller/controller";
import type { EventRecorder } from "@coracle/shared/controller/event-recorder";
import { Expectations } from "@coracle/shared/controller/expectations";
import { BY_CONTROLLER, byController } from "@coracle/shared/controller/owner-index";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { seededRandom } from "@coracle/shared/runtime/random";
import { describe, expect, it } from "vitest";
import { replicaSet } from "../deployment/fixture.ts";
import { replicaSetController } from "./controller.ts";
import { pod } from "./fixture.ts";

const KEY = "default/web";
const refusal = (reason: string, code: number) => ({ kind: "Status", reason, message: "no", code });

/** A ReplicaSet and its Pods in caches, and a server that answers as told. */
function setUp(replicas: number, pods: Pod[], answer: (request: TransportRequest) => object) {
  const requests: string[] = [];
  const events: string[] = [];
  const indexers = { [BY_CONTROLLER]: byController };
  const podStore = new Store<Pod>(indexers);
  const setStore = new Store<ReplicaSet>(indexers);
  const subject = replicaSet("web", { replicas, actual: 0 });
  subject.spec.selector = { matchLabels: { app: "web" } };
  setStore.set(subject);
  for (const one of pods) podStore.set(one);
  const clock = new SimulatedClock();
  const client = new Client({
    server: "https://unused",
    transport: {
      async send(request) {
        requests.push(`${request.method} ${request.path.split("/default/")[1]}`);
        const body = answer(request);
        return {
          status: "code" in body ? (body.code as number) : 200,
          header: (name) => (name === "content-type" ? "application/json" : undefined),
          read: async () => Buffer.from(JSON.stringify(body)),
          async *chunks() {},
        };
      },
      close() {},
    },
  });
  const context: ControllerContext = {
    client,
    lister: ((name: string) =>
      name === "pods" ? podStore : setStore) as unknown as ControllerContext["lister"],
    expectations: new Expectations(clock),
    recorder: {
      event: (_object: unknown, type: string, reason: string, message: string) =>
        events.push(`${type} ${reason}: ${message}`),
    } as unknown as EventRecorder,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    enqueue() {},
    enqueueAfter() {},
  };
  const reconcile = () => replicaSetController.reconcile(KEY, context);
  return { requests, events, podStore, context, reconcile };
}

const count = (requests: string[], start: string) =>
  requests.filter((request) => request.startsWith(start)).length;
const created = { metadata: { name: "web-x", namespace: "default" } };

describe("replicaset controller", () => {
  it("does not create the same Pods twice while the cache is behind", async () => {
    const { requests, events, context, reconcile } = setUp(3, [], () => created);
    await reconcile();
    await reconcile();
    expect(count(requests, "POST pods")).toBe(3);
    expect(events).toEqual(Array(3).fill("Normal SuccessfulCreate: Created pod: web-x"));
    context.expectations.creationObserved(KEY, 3);
    await reconcile();
    expect(count(requests, "POST pods")).toBe(6);
  });

  it("tries again at once what was refused, and says so", async () => {
    const refuse = ({ method }: TransportRequest) =>
      method === "POST" ? refusal("Forbidden", 403) : {};
    const { requests, events, reconcile } = setUp(3, [], refuse);
    await expect(reconcile()).rejects.toMatchObject({ reason: "Forbidden" });
    await expect(reconcile()).rejects.toMatchObject({ reason: "Forbidden" });
    expect(count(requests, "POST pods")).toBe(2);
    expect(events[0]).toBe("Warning FailedCreate: Error creating: no");
    expect(requests).toContain("PUT replicasets/web/status");
  });

  it("deletes the surplus once, and counts a Pod that is gone already as deleted", async () => {
    const pods = ["a", "b", "c"].map((name) => pod(name, { owner: "uid-web" }));
    const { requests, reconcile } = setUp(1, pods, ({ method, path }) =>
      method === "DELETE" && path.endsWith("a") ? refusal("NotFound", 404) : {},
    );
    await reconcile();
    expect(count(requests, "DELETE pods")).toBe(2);
    await reconcile();
    expect(count(requests, "DELETE pods")).toBe(2);
  });

  it("adopts matching orphans and releases those that match no more", async () => {
    const pods = [
      pod("orphan"),
      pod("ended", { phase: "Failed" }),
      pod("stranger", { labels: { app: "other" } }),
      pod("renamed", { owner: "uid-web", labels: { app: "other" } }),
    ];
    const { requests, reconcile } = setUp(1, pods, ({ method }) =>
      method === "GET" ? replicaSet("web", { replicas: 1 }) : {},
    );
    await reconcile();
    expect(requests).toEqual([
      "PATCH pods/renamed",
      "GET replicasets/web",
      "PATCH pods/orphan",
      "PUT replicasets/web/status",
    ]);
  });
});
