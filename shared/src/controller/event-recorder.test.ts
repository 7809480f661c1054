import { describe, expect, it } from "vitest";
import { Client } from "../client/client.ts";
import { ConnectionError, type TransportRequest } from "../client/transport.ts";
import { SimulatedClock } from "../runtime/clock.ts";
import { silentLogger } from "../runtime/logger.ts";
import { seededRandom } from "../runtime/random.ts";
import { EventRecorder } from "./event-recorder.ts";

const pod = (name: string) => ({
  kind: "Pod",
  apiVersion: "v1",
  metadata: {
    name,
    namespace: "n",
    uid: `uid-${name}`,
    resourceVersion: "7",
    creationTimestamp: "",
  },
});

/** `answers` are given in turn: a status code, or no answer at all. */
function setUp(answers: (number | "unreachable")[] = []) {
  const sent: { method: string; path: string; body: Record<string, unknown> }[] = [];
  const clock = new SimulatedClock();
  const client = new Client({
    server: "https://unused",
    transport: {
      async send({ method, path, body }: TransportRequest) {
        const answer = answers.shift() ?? 200;
        if (answer === "unreachable") {
          throw new ConnectionError("refused", { code: "ECONNREFUSED", unsent: true });
        }
        if (answer === 200) sent.push({ method, path, body: JSON.parse(body as string) });
        const reply = answer === 200 ? {} : { kind: "Status", reason: "NotFound", code: answer };
        return {
          status: answer,
          header: (name: string) => (name === "content-type" ? "application/json" : undefined),
          read: async () => Buffer.from(JSON.stringify(reply)),
          async *chunks() {},
        };
      },
      close() {},
    },
  });
  const recorder = new EventRecorder({
    client,
    component: "tester",
    host: "node-1",
    clock,
    random: seededRandom(1),
    logger: silentLogger,
  });
  return { recorder, sent, clock };
}

describe("EventRecorder", () => {
  it("creates an event with all that upstream puts into it", async () => {
    const { recorder, sent } = setUp();
    recorder.event(pod("web"), "Warning", "Unhealthy", "no answer", "spec.containers{c}");
    await recorder.flush();
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      method: "POST",
      path: "/api/v1/namespaces/n/events",
      body: {
        metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/), namespace: "n" },
        involvedObject: {
          kind: "Pod",
          apiVersion: "v1",
          namespace: "n",
          name: "web",
          uid: "uid-web",
          resourceVersion: "7",
          fieldPath: "spec.containers{c}",
        },
        type: "Warning",
        reason: "Unhealthy",
        message: "no answer",
        count: 1,
        firstTimestamp: "2026-01-01T00:00:00Z",
        lastTimestamp: "2026-01-01T00:00:00Z",
        source: { component: "tester", host: "node-1" },
        reportingComponent: "tester",
        reportingInstance: "node-1",
      },
    });
  });

  it("counts a repetition with a patch, and makes a new event when the old one has expired", async () => {
    const { recorder, sent } = setUp([200, 200, 404, 200]);
    for (let i = 0; i < 3; i++) recorder.event(pod("web"), "Normal", "Tested", "again");
    await recorder.flush();
    const [first] = sent as unknown as [{ body: { metadata: { name: string } } }];
    const { name } = first.body.metadata;
    expect(sent.map(({ method }) => method)).toEqual(["POST", "PATCH", "POST"]);
    expect(sent[1]?.path).toBe(`/api/v1/namespaces/n/events/${name}`);
    expect(sent[1]?.body).toMatchObject({ count: 2 });
    expect(sent[2]?.body).toMatchObject({ metadata: { name }, count: 3 });
  });

  it("waits for a server that is away, and keeps the order of an object's events", async () => {
    const { recorder, sent, clock } = setUp(["unreachable", "unreachable"]);
    recorder.event(pod("web"), "Normal", "First", "1");
    recorder.event(pod("web"), "Normal", "Second", "2");
    await clock.advance(1000);
    await recorder.flush();
    expect(sent.map(({ body }) => body.reason)).toEqual(["First", "Second"]);
  });

  it("gives an event up that is refused", async () => {
    const { recorder, sent } = setUp([403]);
    recorder.event(pod("web"), "Normal", "First", "1");
    recorder.event(pod("web"), "Normal", "Second", "2");
    await recorder.flush();
    expect(sent.map(({ body }) => body.reason)).toEqual(["Second"]);
  });
});
