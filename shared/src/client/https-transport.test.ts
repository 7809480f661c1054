import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HttpsTransport } from "./https-transport.ts";
import { ConnectionError, type TransportRequest } from "./transport.ts";

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

function transportFor(servers: string): HttpsTransport {
  const transport = new HttpsTransport(servers, {});
  transports.push(transport);
  return transport;
}

function transportTo(servers: string, idleMsMax = 5000): (method?: string) => Promise<string> {
  const transport = transportFor(servers);
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

  it("uses at most 32 connections, the same ones again, and its own for what streams", async () => {
    const sockets = new Set<unknown>();
    const held: (() => void)[] = [];
    const url = await serve((request, response) => {
      sockets.add(request.socket);
      if (request.url === "/watch") response.write("event\n");
      else held.push(() => response.end("done"));
    });
    const transport = transportFor(url);
    const ask = (path: string, streaming?: boolean) =>
      transport.send({ method: "GET", path, headers: {}, idleMsMax: 5000, streaming });
    await Promise.all(Array.from({ length: 40 }, () => ask("/watch", true)));
    expect(sockets.size).toBe(40);
    const answers = Array.from({ length: 100 }, () => ask("/x"));
    await vi.waitFor(() => expect(held.length).toBe(32));
    for (let answered = 0; answered < 100; answered++) {
      await vi.waitFor(() => expect(held.length).toBeGreaterThan(answered));
      held[answered]?.();
    }
    for (const answer of await Promise.all(answers)) {
      expect((await answer.read()).toString()).toBe("done");
    }
    expect(sockets.size).toBe(72);
  });

  it("gives up a request that waits, is under way, or is being read, when that is asked", async () => {
    let arrived = 0;
    const url = await serve((_request, response) => {
      arrived++;
      response.write("beginning");
    });
    const transport = transportFor(url);
    const ask = (signal: AbortSignal) =>
      transport.send({ method: "GET", path: "/x", headers: {}, idleMsMax: 5000, signal });
    const given = Array.from({ length: 33 }, () => new AbortController());
    const [waiting, reading] = [given[32], given[0]] as [AbortController, AbortController];
    const answers = given.map(({ signal }) => ask(signal));
    await vi.waitFor(() => expect(arrived).toBe(32));
    waiting.abort(new Error("enough"));
    await expect(answers[32]).rejects.toThrow("enough");
    const body = (await answers[0])?.read();
    reading.abort(new Error("too much"));
    await expect(body).rejects.toThrow("too much");
    await expect(ask(AbortSignal.abort(new Error("never")))).rejects.toThrow("never");
    const next = ask(AbortSignal.timeout(5000));
    expect((await next).status).toBe(200);
    expect(arrived).toBe(33);
  });

  it("holds a server back while nobody reads, and loses nothing", async () => {
    const size = 64 * 1024 * 1024;
    let written = 0;
    const url = await serve(async (_request, response) => {
      for (; written < size; written += 65536) {
        if (!response.write(Buffer.alloc(65536, written / 65536)))
          await new Promise((resolve) => response.once("drain", resolve));
      }
      response.end();
    });
    const request = { method: "GET", path: "/x", headers: {}, idleMsMax: 5000 };
    const response = await transportFor(url).send(request);
    let before = -1;
    await vi.waitFor(
      () => {
        const now = written;
        const stands = now === before;
        before = now;
        expect(stands).toBe(true);
      },
      { interval: 200, timeout: 10_000 },
    );
    expect(written).toBeLessThan(size / 2);
    let got = 0;
    for await (const chunk of response.chunks()) {
      expect(chunk[0]).toBe(Math.floor(got / 65536) % 256);
      got += chunk.length;
    }
    expect(got).toBe(size);
  });

  it("does not take what it has for all when a body without a length breaks off", async () => {
    let socket: Socket | undefined;
    const url = await serve((request) => {
      socket = request.socket;
      socket.write("HTTP/1.1 200 OK\r\n\r\nhalf");
    });
    const request = { method: "GET", path: "/x", headers: {}, idleMsMax: 5000 };
    const response = await transportFor(url).send(request);
    const body = response.read();
    socket?.resetAndDestroy();
    await expect(body).rejects.toBeInstanceOf(ConnectionError);
  });

  it("closes a stream that nobody wants any more", async () => {
    let isClosed = false;
    const url = await serve((request, response) => {
      request.socket.once("close", () => {
        isClosed = true;
      });
      response.write("first");
    });
    const request = { method: "GET", path: "/x", headers: {}, idleMsMax: 5000, streaming: true };
    const response = await transportFor(url).send(request);
    for await (const chunk of response.chunks()) {
      expect(chunk.toString()).toBe("first");
      break;
    }
    await vi.waitFor(() => expect(isClosed).toBe(true));
  });

  it.each([
    ["/a b", {}],
    ["/a\r\nx: y", {}],
    ["/a", { authorization: "Bearer x\r\nx: y" }],
  ])("sends nothing that would not be one request: %j %j", async (path, headers) => {
    const transport = transportFor(NOBODY);
    const sent = transport.send({ method: "GET", path, headers, idleMsMax: 5000 });
    await expect(sent).rejects.toBeInstanceOf(TypeError);
  });

  it("answers nothing after it was closed", async () => {
    const url = await serve(() => {});
    const transport = transportFor(url);
    const request = { method: "GET", path: "/x", headers: {}, idleMsMax: 5000 };
    const underWay = Array.from({ length: 40 }, () => transport.send(request));
    transport.close();
    for (const end of await Promise.allSettled(underWay)) {
      expect((end as PromiseRejectedResult).reason).toBeInstanceOf(ConnectionError);
    }
    await expect(transport.send(request)).rejects.toBeInstanceOf(ConnectionError);
  });
});
