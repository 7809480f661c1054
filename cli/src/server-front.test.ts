import { connect, createServer, type Server, type Socket } from "node:net";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { afterEach, expect, test, vi } from "vitest";
import { freePort } from "./ports.ts";
import { type BackendState, type ServerFront, startServerFront } from "./server-front.ts";

const HOST = "127.0.0.1";
const clock = new SimulatedClock();
const backends = new Map<number, { server: Server; sockets: Set<Socket> }>();
const clients: Socket[] = [];
const states = new Map<number, BackendState>();
let front: ServerFront | undefined;

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await front?.close();
  for (const port of [...backends.keys()]) await end(port);
  states.clear();
});

/** Says its port to whoever connects, and then whatever it is told. */
async function startBackend(): Promise<number> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write(`${port}\n`);
    socket.on("data", (bytes) => socket.write(`${port} heard ${bytes}`));
  });
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
  backends.set(port, { server, sockets });
  states.set(port, "ready");
  return port;
}

async function end(port: number): Promise<void> {
  const backend = backends.get(port);
  backends.delete(port);
  for (const socket of backend?.sockets ?? []) socket.destroy();
  await new Promise((resolve) => backend?.server.close(resolve));
}

async function startFront(ports: readonly number[]): Promise<number> {
  const port = await freePort();
  front = await startServerFront({
    host: HOST,
    port,
    backends: ports,
    check: async (backend) => states.get(backend) as BackendState,
    clock,
    onChange: () => {},
  });
  return port;
}

interface Connection {
  text(): string;
  isClosed(): boolean;
  socket: Socket;
}

async function dial(port: number): Promise<Connection> {
  let text = "";
  let isClosed = false;
  const socket = connect({ port, host: HOST });
  clients.push(socket);
  socket.on("data", (bytes) => (text += bytes.toString()));
  socket.on("error", () => {});
  socket.on("close", () => {
    isClosed = true;
  });
  await vi.waitFor(() => expect(text !== "" || isClosed).toBe(true));
  return { text: () => text, isClosed: () => isClosed, socket };
}

test("connections take turns, and pass both ways", async () => {
  const [a, b] = [await startBackend(), await startBackend()];
  const port = await startFront([a, b]);
  const [first, second] = [await dial(port), await dial(port)];
  expect([first.text(), second.text()]).toEqual([`${a}\n`, `${b}\n`]);
  first.socket.write("hello");
  await vi.waitFor(() => expect(first.text()).toBe(`${a}\n${a} heard hello`));
});

test("a server that is not there is passed over, and its connections end", async () => {
  const [a, b] = [await startBackend(), await startBackend()];
  const port = await startFront([a, b]);
  const first = await dial(port);
  await end(a);
  await vi.waitFor(() => expect(first.isClosed()).toBe(true));
  expect((await dial(port)).text()).toBe(`${b}\n`);
  expect((await dial(port)).text()).toBe(`${b}\n`);
  await end(b);
  expect(await dial(port)).toMatchObject({});
  expect((await dial(port)).isClosed()).toBe(true);
});

test("a server that is not ready gets no connection while another is, and keeps those it has", async () => {
  const [a, b] = [await startBackend(), await startBackend()];
  const port = await startFront([a, b]);
  const first = await dial(port);
  states.set(a, "unready");
  await clock.advance(5000);
  for (let i = 0; i < 3; i++) expect((await dial(port)).text()).toBe(`${b}\n`);
  expect(first.isClosed()).toBe(false);
  await end(b);
  expect((await dial(port)).text()).toBe(`${a}\n`);
});

test("a server that does not answer any more loses its connections", async () => {
  const [a, b] = [await startBackend(), await startBackend()];
  const port = await startFront([a, b]);
  const first = await dial(port);
  states.set(a, "silent");
  await clock.advance(2000);
  expect(first.isClosed()).toBe(false);
  await clock.advance(1000);
  await vi.waitFor(() => expect(first.isClosed()).toBe(true));
  expect((await dial(port)).text()).toBe(`${b}\n`);
});
