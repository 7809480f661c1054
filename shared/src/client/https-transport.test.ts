import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { HttpsTransport } from "./https-transport.ts";
import type { TransportRequest } from "./transport.ts";

const servers: Server[] = [];
const transports: HttpsTransport[] = [];

afterEach(() => {
  for (const transport of transports.splice(0)) transport.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function transportTo(servers: string, idleMsMax = 5000): (method?: string) => Promise<string> {
  const transport = new HttpsTransport(servers, {});
  transports.push(transport);
  return async (method = "GET") => {
    const request: TransportRequest = { method, path: "/x", headers: {}, idleMsMax };
    const response = await transport.send(request);
    return (await response.read()).toString();
  };
}

const NOBODY = "http://127.0.0.1:1";

describe("HttpsTransport", () => {
  it("moves on to the next server when one is not there, also with a create, and stays", async () => {
    const good = await serve((_request, response) => response.end("good"));
    const send = transportTo(`${NOBODY},${good}`);
    expect(await send("POST")).toBe("good");
    expect(await send()).toBe("good");
  });

  it.each(["GET", "POST", "PUT", "PATCH", "DELETE"])(
    "after an answer was lost, repeats a %s elsewhere if it is a read, and asks there next",
    async (method) => {
      let requests = 0;
      const bad = await serve((request) => {
        requests++;
        request.socket.destroy();
      });
      const good = await serve((_request, response) => response.end("good"));
      const send = transportTo(`${bad},${good}`);
      if (method === "GET") expect(await send(method)).toBe("good");
      else await expect(send(method)).rejects.toMatchObject({ unsent: false });
      expect(await send(method)).toBe("good");
      expect(requests).toBe(1);
    },
  );

  it("moves on from a server that says nothing", async () => {
    const bad = await serve(() => {});
    const good = await serve((_request, response) => response.end("good"));
    expect(await transportTo(`${bad},${good}`, 50)()).toBe("good");
  });

  it("moves on from a server that says it is unavailable, with the next request", async () => {
    const bad = await serve((_request, response) => response.writeHead(503).end("not now"));
    const good = await serve((_request, response) => response.end("good"));
    const send = transportTo(`${bad},${good}`);
    expect(await send("POST")).toBe("not now");
    expect(await send("POST")).toBe("good");
  });

  it("fails when none is there", async () => {
    const send = transportTo(`${NOBODY},${NOBODY}`);
    await expect(send()).rejects.toMatchObject({ code: "ECONNREFUSED", unsent: true });
  });

  it.each([
    ["GET", 2],
    ["PUT", 1],
    ["POST", 1],
  ])("sends a %s over a connection that turns out closed %i time(s)", async (method, times) => {
    let requests = 0;
    const server = await serve((request, response) => {
      requests++;
      if (requests === 2) request.socket.destroy();
      else response.end(String(requests));
    });
    const send = transportTo(server);
    expect(await send()).toBe("1");
    const second = send(method);
    if (times === 2) expect(await second).toBe("3");
    else await expect(second).rejects.toMatchObject({ unsent: false });
    expect(requests).toBe(1 + times);
  });
});
