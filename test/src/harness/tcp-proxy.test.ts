import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Passage, TcpProxy } from "./tcp-proxy.ts";

let target: Server;
let proxy: TcpProxy;
let passage: Passage;
/** By the target: what it received, and its ends of the connections. */
let received: string;
let ends: Socket[];

beforeEach(async () => {
  passage = { forth: true, back: true };
  received = "";
  ends = [];
  target = createServer((socket) => {
    ends.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      received += bytes;
      socket.write(`echo ${bytes}`);
    });
  });
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
  proxy = await TcpProxy.open({
    targetPort: (target.address() as AddressInfo).port,
    sourceOf: (bytes) => /from (\w+)/.exec(bytes.toString())?.[1],
    passage: (source) => (source === "friend" ? { forth: true, back: true } : passage),
  });
});
afterEach(async () => {
  await proxy.close();
  for (const end of ends) end.destroy();
  target.close();
});

async function dial() {
  const socket = connect(proxy.port, "127.0.0.1");
  const client = { socket, heard: "", closed: false };
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => {
    client.heard += bytes;
  });
  socket.on("close", () => {
    client.closed = true;
  });
  await once(socket, "connect");
  return client;
}

const set = (next: Passage) => {
  passage = next;
  proxy.update();
};

test("what is held in one direction arrives when the network is whole, the other passes", async () => {
  const client = await dial();
  client.socket.write("1");
  await vi.waitFor(() => expect(client.heard).toBe("echo 1"));
  set({ forth: true, back: false });
  client.socket.write("2");
  await vi.waitFor(() => expect(received).toBe("12"));
  set({ forth: false, back: true });
  await vi.waitFor(() => expect(client.heard).toBe("echo 1echo 2"));
  client.socket.write("3");
  ends[0]?.write("pushed");
  await vi.waitFor(() => expect(client.heard).toBe("echo 1echo 2pushed"));
  expect(received).toBe("12");
  set({ forth: true, back: true });
  await vi.waitFor(() => expect(client.heard).toBe("echo 1echo 2pushedecho 3"));
  client.socket.destroy();
});

test("a connection that is made while all is held is silent, and works afterwards", async () => {
  set({ forth: false, back: false });
  const client = await dial();
  client.socket.write("1");
  const friend = await dial();
  friend.socket.write("from friend");
  await vi.waitFor(() => expect(friend.heard).toBe("echo from friend"));
  expect(received).toBe("from friend");
  expect(ends).toHaveLength(1);
  set({ forth: true, back: true });
  await vi.waitFor(() => expect(client.heard).toBe("echo 1"));
  client.socket.destroy();
  friend.socket.destroy();
  await vi.waitFor(() => expect(ends.every((end) => end.destroyed)).toBe(true));
});

test("an end is held back too", async () => {
  const client = await dial();
  client.socket.write("1");
  await vi.waitFor(() => expect(client.heard).toBe("echo 1"));
  set({ forth: true, back: false });
  ends[0]?.resetAndDestroy();
  client.socket.write("2");
  const other = await dial();
  other.socket.write("3");
  await vi.waitFor(() => expect(received).toContain("3"));
  expect(client.closed).toBe(false);
  set({ forth: true, back: true });
  await vi.waitFor(() => expect(client.closed).toBe(true));
  await vi.waitFor(() => expect(other.heard).toBe("echo 3"));
  other.socket.destroy();
});

test("closed ends connections, and new ones, but not those of others", async () => {
  const client = await dial();
  client.socket.write("1");
  const friend = await dial();
  friend.socket.write("from friend");
  await vi.waitFor(() => expect([client.heard, friend.heard].every(Boolean)).toBe(true));
  set("closed");
  await vi.waitFor(() => expect(client.closed).toBe(true));
  const late = await dial();
  late.socket.write("2");
  await vi.waitFor(() => expect(late.closed).toBe(true));
  friend.socket.write("!");
  await vi.waitFor(() => expect(friend.heard).toBe("echo from friendecho !"));
  expect(received).not.toContain("2");
  friend.socket.destroy();
});
