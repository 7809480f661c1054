// core/v1 and events.k8s.io/v1 Events are one kind in two versions: what is written through one is read, listed and watched
// through the other, also by a server that has just started and has not been asked for the other version yet.
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "@coracle/shared/api/types/core-v1";
import type { Event as EventsEvent } from "@coracle/shared/api/types/events-v1";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepareNamespace, send } from "./conformance/replay.ts";
import { startApiServer, type TestApiServer } from "./harness/api-server.ts";

const NAMESPACE = "told";
const CORE = `/api/v1/namespaces/${NAMESPACE}/events`;
const EVENTS = `/apis/events.k8s.io/v1/namespaces/${NAMESPACE}/events`;

let directory: string;
let server: TestApiServer;

const open = () =>
  startApiServer({ engine: "level", directory, holder: "a test", sync: true } as const);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "coracle-events-"));
  server = await open();
  await prepareNamespace(server, NAMESPACE);
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

async function request<T>(method: string, path: string, body?: unknown) {
  const { status, raw } = await send(server, { name: path, method, path, body }, NAMESPACE);
  return { status, body: raw as T };
}

const event = (name: string, note: string) => ({
  metadata: { name },
  eventTime: "2026-01-01T00:00:00.000000Z",
  reportingController: "example.com/c",
  reportingInstance: "i",
  action: "Do",
  reason: "Because",
  regarding: { kind: "Pod", name: "p", namespace: NAMESPACE },
  note,
  type: "Normal",
});

interface Told {
  type: string;
  object: Event & EventsEvent;
}

/** All that a watch tells until it ends by itself after a second. */
function watched(path: string, from: string): Promise<Told[]> {
  const url = `${server.url}${path}?watch=1&timeoutSeconds=1&resourceVersion=${from}`;
  const headers = { authorization: `Bearer ${server.token}` };
  return new Promise((resolve, reject) => {
    const outgoing = get(url, { headers, rejectUnauthorized: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => {
        const lines = text.split("\n").filter((line) => line !== "");
        resolve(lines.map((line) => JSON.parse(line) as Told));
      });
    });
    outgoing.on("error", reject);
  });
}

const shown = (told: readonly Told[]) =>
  told.map(({ type, object }) => [type, object.apiVersion, object.metadata.name]);

describe("Events", () => {
  it("written through one version are watched through the other", async () => {
    const { body } = await request<{ metadata: { resourceVersion: string } }>("GET", CORE);
    const from = body.metadata.resourceVersion;
    expect((await request("POST", EVENTS, event("a", "one"))).status).toBe(201);
    expect((await request("PATCH", `${CORE}/a`, { message: "two" })).status).toBe(200);
    expect((await request("DELETE", `${EVENTS}/a`)).status).toBe(200);
    const [core, events] = await Promise.all([watched(CORE, from), watched(EVENTS, from)]);
    const types = ["ADDED", "MODIFIED", "DELETED"];
    expect(shown(core)).toEqual(types.map((type) => [type, "v1", "a"]));
    expect(shown(events)).toEqual(types.map((type) => [type, "events.k8s.io/v1", "a"]));
    expect(core.map(({ object }) => object.message)).toEqual(["one", "two", "two"]);
    expect(events.map(({ object }) => object.note)).toEqual(["one", "two", "two"]);
    const versions = (told: readonly Told[]) =>
      told.map(({ object }) => object.metadata.resourceVersion);
    expect(versions(events)).toEqual(versions(core));
  });

  it("are there in both versions after a restart, and go on from there", async () => {
    await request("POST", EVENTS, event("kept", "before"));
    await server.close();
    server = await open();
    // Nobody has asked this server for the second version yet.
    const { body } = await request<EventsEvent>("GET", `${EVENTS}/kept`);
    expect(body).toMatchObject({ apiVersion: "events.k8s.io/v1", note: "before" });
    const list = await request<{ items: EventsEvent[] }>("GET", `${EVENTS}?limit=1`);
    expect(list.body.items.map(({ note }) => note)).toEqual(["before"]);
    await request("PATCH", `${CORE}/kept`, { message: "after" });
    const { body: core } = await request<Event>("GET", `${CORE}/kept`);
    expect(core.message).toBe("after");
    const told = await watched(EVENTS, body.metadata.resourceVersion);
    expect(shown(told)).toEqual([["MODIFIED", "events.k8s.io/v1", "kept"]]);
  });

  it("are written through a version that nobody has read yet", async () => {
    await server.close();
    server = await open();
    const answers = await Promise.all([
      request<EventsEvent>("PUT", `${EVENTS}/put`, event("put", "made by PUT")),
      request<EventsEvent>("POST", EVENTS, event("posted", "made by POST")),
      request("DELETE", `${EVENTS}/kept`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 200]);
    const { body } = await request<{ items: Event[] }>("GET", CORE);
    expect(body.items.map(({ message }) => message)).toEqual(["made by POST", "made by PUT"]);
    await request("DELETE", EVENTS);
    expect((await request<{ items: Event[] }>("GET", CORE)).body.items).toEqual([]);
  });
});
