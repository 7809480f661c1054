import type { Pod, PodStatus } from "@coracle/shared/api/types/core-v1";
import { Client } from "@coracle/shared/client/client";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { silentLogger } from "@coracle/shared/runtime/logger";
import { describe, expect, it } from "vitest";
import { StatusManager } from "./status-manager.ts";

const TIME = "2026-01-01T00:00:00Z";
const status = (ready: "True" | "False"): PodStatus => ({
  phase: "Running",
  conditions: [{ type: "Ready", status: ready, lastTransitionTime: TIME }],
});
const pod = (resourceVersion: number, of: PodStatus): Pod => ({
  metadata: {
    name: "p",
    namespace: "n",
    uid: "u",
    resourceVersion: String(resourceVersion),
    creationTimestamp: TIME,
  },
  spec: { containers: [] },
  status: of,
});

/** A server that gives each patch the next version, from 11 on. */
function setUp() {
  const patches: { status: PodStatus }[] = [];
  const clock = new SimulatedClock();
  const client = new Client({
    server: "https://unused",
    transport: {
      async send({ body }) {
        patches.push(JSON.parse(body ?? "{}") as { status: PodStatus });
        const reply = pod(10 + patches.length, {});
        return {
          status: 200,
          header: (name: string) => (name === "content-type" ? "application/json" : undefined),
          read: async () => Buffer.from(JSON.stringify(reply)),
          async *chunks() {},
        };
      },
      close() {},
    },
  });
  const statuses = new StatusManager({ client, clock, logger: silentLogger });
  return { patches, statuses, settle: () => clock.advance(0) };
}

describe("the status manager", () => {
  it("tells a status once", async () => {
    const { patches, statuses, settle } = setUp();
    statuses.set(pod(10, {}), status("True"));
    statuses.set(pod(10, {}), status("True"));
    await settle();
    expect(patches.map((patch) => patch.status)).toEqual([status("True")]);
  });

  it("tells it again when somebody else has said otherwise", async () => {
    const { patches, statuses, settle } = setUp();
    statuses.set(pod(10, {}), status("True"));
    await settle();
    statuses.observe(pod(12, status("False")));
    await settle();
    expect(patches).toHaveLength(2);
    expect(patches[1]?.status).toEqual({ conditions: status("True").conditions });
  });

  it("does not take its own earlier writes for somebody else's", async () => {
    const { patches, statuses, settle } = setUp();
    statuses.set(pod(10, {}), status("True"));
    await settle();
    statuses.observe(pod(11, status("False")));
    statuses.observe(pod(12, status("True")));
    await settle();
    expect(patches).toHaveLength(1);
  });
});
