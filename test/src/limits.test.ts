// What the server does about clients that ask for much at once, take long, or want their answers small: as upstream's filters
// (server/filters maxinflight.go and timeout.go, endpoints/handlers/responsewriters).
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ensurePki } from "@coracle/cli/pki";
import { systemClock } from "@coracle/shared/runtime/clock";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startApiServer, type TestApiServer } from "./harness/api-server.ts";

const OBJECTS = 24;
const OBJECT_BYTES = 900_000; // together far more than a socket takes unread
const LIST = "/api/v1/namespaces/default/configmaps";

const directory = mkdtempSync(join(tmpdir(), "coracle-limits-"));
const { authority, clients } = ensurePki({ directory, clock: systemClock });
const open: (() => void)[] = [];
let server: TestApiServer;

async function serve(limits: Parameters<typeof startApiServer>[2]): Promise<void> {
  server = await startApiServer(undefined, directory, limits);
  const client = server.client();
  for (let i = 0; i < OBJECTS; i++) {
    const data = { k: String(i).padEnd(OBJECT_BYTES, "x") };
    await client.for("configmaps").create({ metadata: { name: `large-${i}` }, data }, "default");
  }
  client.close();
}

afterEach(() => {
  for (const close of open.splice(0)) close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Sent {
  path: string;
  method?: string;
  headers?: Record<string, string>;
  who?: "admin" | "scheduler";
}

/** The head of the answer; nothing of its body is taken before somebody reads it. */
function begin({ path, method, headers, who = "scheduler" }: Sent): Promise<IncomingMessage> {
  const { certificate: cert, key } = clients[who];
  const options = { method, headers, cert, key, ca: authority, agent: false };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(server.url + path, options, resolve);
    open.push(() => outgoing.destroy());
    outgoing.on("error", reject);
    outgoing.end();
  });
}

async function send(
  sent: Sent,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  const response = await begin(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode = 0, headers } = response;
  return { status: statusCode, headers, body: Buffer.concat(chunks) };
}

describe("requests in flight", () => {
  beforeAll(() => serve({ inFlight: { readMax: 2, writeMax: 2 } }));
  afterAll(() => server.close());

  it("are refused when there are too many, but for administrators and what lasts", async () => {
    const slow = [await begin({ path: LIST }), await begin({ path: LIST })];
    const refused = await send({ path: `${LIST}/large-0` });
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({
      "retry-after": "1",
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
    expect(refused.body.toString()).toBe("Too many requests, please try again later.\n");
    expect((await send({ path: `${LIST}/large-0`, who: "admin" })).status).toBe(200);
    expect((await begin({ path: `${LIST}?watch=true` })).statusCode).toBe(200);
    expect((await send({ path: `${LIST}/none`, method: "DELETE" })).status).toBe(404);
    for (const response of slow) response.destroy();
    await vi.waitFor(async () =>
      expect((await send({ path: `${LIST}/large-0` })).status).toBe(200),
    );
  });
});

describe("requests", () => {
  beforeAll(() => serve({ requestTimeoutMs: 1000, inFlight: { readMax: 1 } }));
  afterAll(() => server.close());

  it("are given up when their time is over, watches not", async () => {
    const watch = await begin({ path: `${LIST}?watch=true` });
    const list = await begin({ path: LIST });
    expect((await send({ path: `${LIST}/large-0` })).status).toBe(429);
    // The place is free when the server gives the list up.
    await vi.waitFor(
      async () => expect((await send({ path: `${LIST}/large-0` })).status).toBe(200),
      { timeout: 10_000, interval: 100 },
    );
    await expect(list.toArray()).rejects.toThrow("aborted");
    expect(watch.destroyed).toBe(false);
  });

  it("may ask for less time than there is", async () => {
    const { status, body } = await send({ path: `${LIST}/large-0?timeout=1ns` });
    expect(status).toBe(504);
    expect(JSON.parse(body.toString())).toMatchObject({ reason: "Timeout", code: 504 });
  });
});

describe("answers", () => {
  beforeAll(() => serve({}));
  afterAll(() => server.close());

  it.each([
    ["a long list", LIST],
    ["a large object", `${LIST}/large-3`],
  ])("%s is compressed for who takes that", async (_, path) => {
    const plain = await send({ path });
    expect(plain.headers["content-encoding"]).toBeUndefined();
    const packed = await send({ path, headers: { "accept-encoding": "deflate, gzip, br" } });
    expect(packed.headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
    expect(packed.body.length).toBeLessThan(plain.body.length / 10);
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
  });

  it("a long list is what its objects are, also for who takes it slowly", async () => {
    const client = server.client();
    const names: string[] = [];
    for (let i = 0; i < 200; i++) {
      const name = `mixed-${String(i).padStart(3, "0")}`;
      const data = { k: String(i).repeat(1 + ((i * 7919) % 5000)) };
      await client.for("configmaps").create({ metadata: { name }, data }, "default");
      names.push(name);
    }
    client.close();
    const response = await begin({ path: LIST });
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) {
      text += chunk;
      await new Promise(setImmediate);
    }
    expect(text.length).toBe(Number(response.headers["content-length"]));
    const { items } = JSON.parse(text) as { items: { metadata: { name: string } }[] };
    expect(items.map(({ metadata }) => metadata.name).slice(-names.length)).toEqual(names);
    for (const item of items) {
      const { body } = await send({ path: `${LIST}/${item.metadata.name}`, who: "admin" });
      const { kind: _kind, apiVersion: _version, ...one } = JSON.parse(body.toString());
      expect(item).toEqual(one);
    }
  });

  it.each([
    ["a small object", "/api/v1/namespaces/default", "gzip"],
    ["a weight", LIST, "gzip;q=1.0"],
    ["another coding", LIST, "deflate"],
  ])("nothing is compressed: %s", async (_, path, accepted) => {
    const { headers } = await send({ path, headers: { "accept-encoding": accepted } });
    expect(headers["content-encoding"]).toBeUndefined();
  });

  it("a watch is not compressed", async () => {
    const headers = { "accept-encoding": "gzip" };
    const watch = await begin({ path: `${LIST}?watch=true`, headers });
    expect(watch.headers["content-encoding"]).toBeUndefined();
  });

  it("say which request they answer, if it has an id", async () => {
    const headers = { "audit-id": "one-of-many" };
    expect((await send({ path: "/version", headers })).headers["audit-id"]).toBe("one-of-many");
  });
});
