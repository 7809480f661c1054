// pods/proxy, services/proxy and nodes/proxy as clients see them (upstream: apimachinery util/proxy). The Pod's port is a web server
// of this test, reached through a kubelet's port-forward.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { request as httpsRequest } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { ensurePki } from "@coracle/cli/pki";
import type { RuntimeService } from "@coracle/kubelet/cri/runtime";
import type { KubeletBackend } from "@coracle/kubelet/server/backend";
import { type KubeletServer, startKubeletServer } from "@coracle/kubelet/server/kubelet-server";
import type { Client } from "@coracle/shared/client/client";
import { systemClock as clock } from "@coracle/shared/runtime/clock";
import { silentLogger as logger } from "@coracle/shared/runtime/logger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startApiServer, type TestApiServer } from "./harness/api-server.ts";

const NAMESPACE = "default";
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const SERVICES = `/api/v1/namespaces/${NAMESPACE}/services`;
const LARGE_BYTES = 5 * 1024 * 1024; // above what the API server takes as an object

const directory = mkdtempSync(join(tmpdir(), "coracle-proxy-"));
const pki = ensurePki({ directory, clock });
const read = (name: string) => readFileSync(join(directory, name), "utf8");
let server: TestApiServer;
let kubelet: KubeletServer;
let web: Server;

/** What a container's program might answer. */
function startWeb(): Promise<Server> {
  const site = createServer((request, response) => {
    const hash = createHash("sha256");
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      hash.update(chunk);
      bytes += chunk.length;
    });
    request.on("end", () => {
      const { url = "", method, headers } = request;
      if (url.startsWith("/page")) {
        response.setHeader("content-type", "text/html; charset=utf-8");
        response.end('<a href="/x?y">x</a><img src="z.png"><a href="http://else.where/">');
      } else if (url === "/moved") {
        response.writeHead(302, { location: "/page" }).end();
      } else if (url === "/large") {
        response.end(Buffer.alloc(LARGE_BYTES, "x"));
      } else {
        response.setHeader("content-type", "application/json");
        response.statusCode = url === "/teapot" ? 418 : 200;
        response.end(JSON.stringify({ url, method, headers, bytes, hash: hash.digest("hex") }));
      }
    });
  });
  site.on("upgrade", (request, socket: Duplex) => {
    if (request.url === "/refused") {
      // Of this connection it hears nothing more, though it says otherwise.
      socket.write("HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nno");
      return;
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\nx-url: ${request.url}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  return new Promise((resolve) => site.listen(0, "127.0.0.1", () => resolve(site)));
}

/** Every port of every Pod but 9 leads to the web server. */
function backend(): KubeletBackend {
  const runtime: Pick<RuntimeService, "portForward"> = {
    async portForward(_sandbox, port, { input, write, signal }) {
      if (port === 9) throw new Error("connection refused");
      const socket = connect((web.address() as AddressInfo).port, "127.0.0.1");
      signal.addEventListener("abort", () => socket.destroy());
      socket.on("data", write);
      const over = new Promise((resolve) => socket.once("close", resolve));
      const pass = async () => {
        for await (const chunk of input) socket.write(chunk);
        socket.end();
      };
      await Promise.race([over, pass().then(() => over)]);
    },
  };
  return {
    findSandbox: async ({ uid }) => ({
      runtime: runtime as RuntimeService,
      podSandboxId: "s",
      podUid: uid,
    }),
    findContainer: async () => undefined,
    findLog: async () => async function* () {},
    pods: () => [],
    figures: async () => undefined,
    metricsText: () => "figures 1\n",
  };
}

async function createObjects(client: Client): Promise<void> {
  const node = await client.for("nodes").create({ metadata: { name: "n" }, spec: {} });
  const status = {
    addresses: [{ type: "InternalIP" as const, address: "127.0.0.1" }],
    daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
  };
  await client.for("nodes").updateStatus({ ...node, status: { ...node.status, ...status } });
  await client.for("serviceaccounts").create({ metadata: { name: "default" } }, NAMESPACE);
  const ports = [{ name: "web", containerPort: 80 }];
  for (const name of ["web", "lost"]) {
    const spec = {
      nodeName: name === "web" ? "n" : "",
      containers: [{ name: "c", image: "i", ports }],
    };
    const pod = await client
      .for("pods")
      .create({ metadata: { name, labels: { app: name } }, spec }, NAMESPACE);
    await client.for("pods").updateStatus({
      ...pod,
      status: {
        ...pod.status,
        phase: "Running",
        podIP: "10.244.0.7",
        podIPs: [{ ip: "10.244.0.7" }],
        conditions: [{ type: "Ready", status: "True" }],
      },
    });
  }
  const metadata = { name: "site" };
  const spec = {
    selector: { app: "web" },
    ports: [{ name: "http", port: 8080, targetPort: "web" }],
  };
  await client.for("services").create({ metadata, spec }, NAMESPACE);
  const idle = { selector: { app: "nobody" }, ports: [{ port: 80 }] };
  await client.for("services").create({ metadata: { name: "idle" }, spec: idle }, NAMESPACE);
}

beforeAll(async () => {
  web = await startWeb();
  kubelet = await startKubeletServer({
    address: "127.0.0.1",
    port: 0,
    cert: read("kubelet.crt"),
    key: read("kubelet.key"),
    clientCa: pki.authority,
    backend: backend(),
    clock,
    logger,
  });
  server = await startApiServer(undefined, directory);
  const client = server.client();
  await createObjects(client);
  client.close();
});
afterAll(async () => {
  await server.close();
  await kubelet.close();
  web.closeAllConnections();
  web.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

function send(
  path: string,
  { method = "GET", body, headers = {} }: { method?: string; body?: Buffer; headers?: object } = {},
): Promise<Answer> {
  const options = {
    method,
    ca: pki.authority,
    agent: false,
    headers: {
      authorization: `Bearer ${server.token}`,
      ...(body === undefined ? {} : { "content-length": body.length }),
      ...headers,
    },
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(server.url + path, options, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const { statusCode: status = 0 } = response;
      resolve({ status, headers: response.headers, body: Buffer.concat(chunks).toString() });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const message = ({ body }: Answer) => (JSON.parse(body) as { message: string }).message;

describe("a Pod's port", () => {
  it.each([
    ["its first port", "web"],
    ["a port", "web:8080"],
    ["a scheme", "http:web:80"],
  ])("is reached by %s", async (_, id) => {
    const { status, body, headers } = await send(`${PODS}/${id}/proxy/a%20b/c?d=e%26f`);
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("application/json");
    const seen = JSON.parse(body) as { url: string; headers: IncomingHttpHeaders };
    expect(seen.url).toBe("/a%20b/c?d=e%26f");
    expect(seen.headers.authorization).toBeUndefined();
    expect(seen.headers["x-forwarded-uri"]).toBe(`${PODS}/${id}/proxy/a%20b/c`);
    expect(seen.headers["x-forwarded-for"]).toBe("127.0.0.1");
  });

  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("takes %s", async (method) => {
    const { status, body } = await send(`${PODS}/web/proxy/x`, { method, body: Buffer.from("hi") });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ method, url: "/x", bytes: 2 });
  });

  it("answers HEAD without a body, and its own errors as they are", async () => {
    expect(await send(`${PODS}/web/proxy/x`, { method: "HEAD" })).toMatchObject({
      status: 200,
      body: "",
    });
    expect((await send(`${PODS}/web/proxy/teapot`)).status).toBe(418);
  });

  it("takes and gives more than an object may have", async () => {
    const body = Buffer.alloc(LARGE_BYTES, "y");
    const sent = await send(`${PODS}/web/proxy/up`, { method: "POST", body });
    const hash = createHash("sha256").update(body).digest("hex");
    expect(JSON.parse(sent.body)).toMatchObject({ bytes: LARGE_BYTES, hash });
    expect((await send(`${PODS}/web/proxy/large`)).body).toHaveLength(LARGE_BYTES);
  });

  it("has links that lead through the proxy", async () => {
    const prefix = `${PODS}/web/proxy`;
    const { body } = await send(`${prefix}/page`);
    expect(body).toBe(
      `<a href="${prefix}/x?y">x</a><img src="z.png"><a href="http://else.where/">`,
    );
    const moved = await send(`${prefix}/moved`);
    expect(moved).toMatchObject({ status: 302, headers: { location: `${prefix}/page` } });
  });

  it("has a root that ends with a slash", async () => {
    const { status, headers } = await send(`${PODS}/web/proxy?x=y`);
    expect([status, headers.location]).toEqual([301, `${PODS}/web/proxy/?x=y`]);
    expect(JSON.parse((await send(`${PODS}/web/proxy/`)).body)).toMatchObject({ url: "/" });
  });

  it("can be upgraded", async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const outgoing = httpsRequest(`${server.url}${PODS}/web/proxy/ws?q`, {
        ca: pki.authority,
        agent: false,
        headers: {
          authorization: `Bearer ${server.token}`,
          connection: "Upgrade",
          upgrade: "echo",
        },
      });
      outgoing.on("upgrade", (response, socket) => {
        socket.once("data", (chunk: Buffer) => {
          resolve(`${response.headers["x-url"]} ${chunk}`);
          socket.destroy();
        });
        socket.write("hello");
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
    expect(answer).toBe("/ws?q hello");
  });

  it.each([
    ["no such Pod", "none", 404, 'pods "none" not found'],
    ["a wrong id", "a:b:c:d", 400, 'invalid pod request "a:b:c:d"'],
    ["a wrong scheme", "ftp:web:80", 400, 'invalid pod request "ftp:web:80"'],
    ["nobody listens", "web:9", 503, "error trying to reach service: "],
    [
      "no node",
      "lost",
      503,
      "error trying to reach service: dial tcp 10.244.0.7:80: connect: no route to host",
    ],
    [
      "no port",
      "web:foo",
      503,
      "error trying to reach service: dial tcp: lookup tcp/foo: unknown port",
    ],
  ])("cannot be reached: %s", async (_, id, status, words) => {
    const answer = await send(`${PODS}/${id}/proxy/`);
    expect(answer.status).toBe(status);
    expect(message(answer).startsWith(words)).toBe(true);
  });
});

describe("a Service", () => {
  it.each(["site:8080", "site:http", "http:site:http"])("leads to its Pods: %s", async (id) => {
    expect(JSON.parse((await send(`${SERVICES}/${id}/proxy/x`)).body)).toMatchObject({ url: "/x" });
  });

  it.each([
    ["no such Service", "none:80", 404, 'services "none" not found'],
    ["no such Service, no port", "none", 404, 'services "none" not found'],
    ["no such port", "site:81", 503, 'no service port 81 found for service "site"'],
    ["no such name", "site:x", 503, 'no endpoints available for service "site:x"'],
    ["no Pods", "idle:80", 503, 'no endpoints available for service "idle"'],
    ["a wrong id", ":", 400, 'invalid service request ":"'],
  ])("cannot be reached: %s", async (_, id, status, words) => {
    const answer = await send(`${SERVICES}/${id}/proxy/`);
    expect([answer.status, message(answer)]).toEqual([status, words]);
  });
});

describe("a node", () => {
  it("shows the kubelet's own pages", async () => {
    expect(await send("/api/v1/nodes/n/proxy/metrics")).toMatchObject({
      status: 200,
      body: "figures 1\n",
    });
    expect((await send(`/api/v1/nodes/n:${kubelet.port}/proxy/healthz`)).body).toBe("ok");
    expect((await send("/api/v1/nodes/n/proxy/none")).status).toBe(404);
  });

  it("has other ports", async () => {
    const { port } = web.address() as AddressInfo;
    const { body } = await send(`/api/v1/nodes/n:${port}/proxy/x`);
    expect(JSON.parse(body)).toMatchObject({ url: "/x" });
  });

  it.each([
    ["z", "error trying to reach service: dial tcp: lookup tcp/z: unknown port"],
    ["70000", "error trying to reach service: dial tcp: address 70000: invalid port"],
  ])("has no port %s", async (port, words) => {
    const answer = await send(`/api/v1/nodes/n:${port}/proxy/x`);
    expect([answer.status, message(answer)]).toEqual([503, words]);
  });

  it("gets no more requests over a connection whose upgrade it refused", async () => {
    const { port } = web.address() as AddressInfo;
    const path = `/api/v1/nodes/n:${port}/proxy`;
    const headers = { connection: "Upgrade", upgrade: "echo" };
    expect(await send(`${path}/refused`, { headers })).toMatchObject({ status: 200, body: "no" });
    expect(await send(`${path}/x`)).toMatchObject({ status: 200 });
  });

  it("cannot be reached when it is not there", async () => {
    const answer = await send("/api/v1/nodes/none/proxy/metrics");
    expect([answer.status, message(answer)]).toEqual([404, 'nodes "none" not found']);
  });
});
