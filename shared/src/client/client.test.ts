import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { StatusError } from "../machinery/status-error.ts";
import { Client } from "./client.ts";
import { ConnectionError } from "./transport.ts";

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let server: Server | undefined;
let client: Client | undefined;

async function serve(handler: Handler): Promise<Client> {
  const running = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => handler(request, response, body));
  });
  server = running;
  await new Promise<void>((resolve) => running.listen(0, "127.0.0.1", resolve));
  const { port } = running.address() as AddressInfo;
  client = new Client({ server: `http://127.0.0.1:${port}`, token: "secret" });
  return client;
}

afterEach(() => {
  client?.close();
  server?.closeAllConnections();
  server?.close();
});

function json(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

const listen = async (events: AsyncIterable<{ type: string }>): Promise<string[]> => {
  const types: string[] = [];
  for await (const { type } of events) types.push(type);
  return types;
};

describe("Client", () => {
  it("reads again, elsewhere, when the answer breaks off", async () => {
    const broken = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write("{", () => response.destroy());
    });
    const [first, from] = [server as Server, (server as Server).address() as AddressInfo];
    broken.close();
    await serve((_request, response) => json(response, 200, { metadata: { name: "a" } }));
    client?.close();
    const urls = [from, (server as Server).address() as AddressInfo].map(
      ({ port }) => `http://127.0.0.1:${port}`,
    );
    client = new Client({ server: urls.join(",") });
    expect((await client.for("pods").get("a", "n")).metadata.name).toBe("a");
    first.closeAllConnections();
    first.close();
  });

  it("names path, query, type and content of each verb", async () => {
    const seen: unknown[] = [];
    const pods = (
      await serve((request, response, body) => {
        const { method, url, headers } = request;
        seen.push([method, url, headers["content-type"], body]);
        json(response, 200, { items: [{ metadata: { name: "a" } }], metadata: {} });
      })
    ).for("pods");
    const list = await pods.list({ namespace: "n", labelSelector: "a in (b,c)", limit: 5 });
    expect(list.items[0]).toMatchObject({ kind: "Pod", apiVersion: "v1" });
    await pods.create({ metadata: { name: "x", namespace: "n" }, spec: { containers: [] } });
    await pods.patch("x", { a: 1 }, { namespace: "n", type: "merge", subresource: "status" });
    await pods.delete("x", { namespace: "n", uid: "u", gracePeriodSeconds: 0 });
    expect(seen).toEqual([
      ["GET", "/api/v1/namespaces/n/pods?labelSelector=a%20in%20(b%2Cc)&limit=5", undefined, ""],
      [
        "POST",
        "/api/v1/namespaces/n/pods",
        "application/json",
        '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","namespace":"n"},"spec":{"containers":[]}}',
      ],
      ["PATCH", "/api/v1/namespaces/n/pods/x/status", "application/merge-patch+json", '{"a":1}'],
      [
        "DELETE",
        "/api/v1/namespaces/n/pods/x",
        "application/json",
        '{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"preconditions":{"uid":"u"}}',
      ],
    ]);
  });

  it("throws the server's Status", async () => {
    const { request } = await serve((_request, response) =>
      json(response, 409, { kind: "Status", reason: "Conflict", message: "stale", code: 409 }),
    );
    const failure = request.call(client, "GET", "/x");
    await expect(failure).rejects.toMatchObject({ reason: "Conflict", message: "stale" });
    await expect(failure).rejects.toBeInstanceOf(StatusError);
  });

  it("comes back when told to", async () => {
    let calls = 0;
    const { request } = await serve((_request, response) => {
      calls++;
      if (calls < 3) json(response, 429, { kind: "Status" }, { "retry-after": "0" });
      else json(response, 200, { calls });
    });
    expect(await request.call(client, "GET", "/x")).toEqual({ calls: 3 });
  });

  it("tells a server that is not there from one that refuses", async () => {
    const unreachable = new Client({ server: "http://127.0.0.1:1" });
    const failure = unreachable.request("GET", "/x");
    await expect(failure).rejects.toBeInstanceOf(ConnectionError);
    await expect(failure).rejects.toMatchObject({ code: "ECONNREFUSED", unsent: true });
  });
});

describe("watch", () => {
  const event = (type: string, object: unknown = { metadata: { resourceVersion: "7" } }) =>
    `${JSON.stringify({ type, object })}\n`;

  it("ends when the server ends it", async () => {
    const { for: on } = await serve((request, response) => {
      expect(request.url).toBe("/api/v1/pods?resourceVersion=5&watch=true");
      response.write(event("ADDED"));
      response.end(event("BOOKMARK"));
    });
    const pods = on.call(client, "pods");
    expect(await listen(pods.watch({ resourceVersion: "5" }))).toEqual(["ADDED", "BOOKMARK"]);
  });

  it("throws an ERROR event, after the events before it", async () => {
    await serve((_request, response) => {
      response.end(event("ADDED") + event("ERROR", { kind: "Status", reason: "Expired" }));
    });
    const types: string[] = [];
    const watching = (async () => {
      for await (const { type } of (client as Client).for("pods").watch({ resourceVersion: "5" }))
        types.push(type);
    })();
    await expect(watching).rejects.toMatchObject({ reason: "Expired" });
    expect(types).toEqual(["ADDED"]);
  });

  it("throws when the connection is lost", async () => {
    await serve((_request, response) => {
      response.write(event("ADDED"), () => response.destroy());
    });
    const watching = listen((client as Client).for("pods").watch({ resourceVersion: "5" }));
    await expect(watching).rejects.toBeInstanceOf(ConnectionError);
  });

  it("ends normally, and hangs up, when aborted", async () => {
    let hungUp: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      hungUp = resolve;
    });
    await serve((_request, response) => {
      response.on("close", hungUp);
      response.write(event("ADDED"));
    });
    const controller = new AbortController();
    const watch = (client as Client)
      .for("pods")
      .watch({ resourceVersion: "5", signal: controller.signal });
    for await (const { type } of watch) {
      expect(type).toBe("ADDED");
      controller.abort();
    }
    await closed;
  });
});
