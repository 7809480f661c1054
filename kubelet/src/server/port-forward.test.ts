import { afterEach, beforeEach, expect, it } from "vitest";
import { createWebSocketStream } from "ws";
import { TUNNEL_PROTOCOL } from "./port-forward-spdy.ts";
import { ServerScene } from "./server-scene.ts";
import { SpdyTestClient } from "./spdy-test-client.ts";

let scene: ServerScene;
beforeEach(async () => {
  scene = await ServerScene.open();
  await scene.backend.start("main", { ports: [80] });
});
afterEach(() => scene.close());

const PATH = "/portForward/default/web/uid-web";
const GET = "GET /page HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n";
const PAGE = "web main:80 (busybox:1.36) answers GET /page HTTP/1.1\n";

async function forwardOnce(client: SpdyTestClient, requestID: string, port: string) {
  const error = await client.open({ streamtype: "error", port, requestid: requestID });
  client.send(error, "", true);
  const data = await client.open({ streamtype: "data", port, requestid: requestID });
  return { error, data };
}

it("forwards connections side by side over SPDY", async () => {
  const client = await scene.spdy(PATH, "portforward.k8s.io");
  const pairs = [await forwardOnce(client, "0", "80"), await forwardOnce(client, "1", "80")];
  for (const { data } of [...pairs].reverse()) client.send(data, GET);
  for (const { data, error } of pairs) {
    await expect.poll(() => data.isEnded && error.isEnded).toBe(true);
    expect(data.text).toContain(PAGE);
    expect(error.text).toBe("");
  }
  client.socket.end();
  await client.closed;
});

it("tells on the error stream that nothing listens", async () => {
  await scene.backend.runtime.stopPodSandbox(
    (await scene.backend.findSandbox({ namespace: "default", pod: "web", uid: "" }))!.podSandboxId,
  );
  const client = await scene.spdy(PATH, "portforward.k8s.io");
  const { error, data } = await forwardOnce(client, "0", "81");
  await expect.poll(() => data.isEnded && error.isEnded).toBe(true);
  expect(error.text).toMatch(
    /^error forwarding port 81 to pod web, uid uid-web: .*connection refused$/,
  );
});

it("takes streams without a request id, as very old clients send them", async () => {
  const client = await scene.spdy(PATH, "portforward.k8s.io");
  await client.open({ streamtype: "error", port: "80" });
  const data = await client.open({ streamtype: "data", port: "80" });
  client.send(data, GET);
  await expect.poll(() => data.text).toContain(PAGE);
});

it.each([
  { streamtype: "data", requestid: "0" },
  { streamtype: "data", port: "0", requestid: "0" },
  { streamtype: "data", port: "70000", requestid: "0" },
  { streamtype: "stdout", port: "80", requestid: "0" },
])("resets a stream with headers %j", async (headers) => {
  const client = await scene.spdy(PATH, "portforward.k8s.io");
  const stream = await client.open(headers as Record<string, string>);
  await expect.poll(() => stream.isReset).toBe(true);
});

it("aborts a forwarded connection that the client resets", async () => {
  const signals: AbortSignal[] = [];
  scene.backend.runtime.portForward = (_id, _port, { signal }) =>
    new Promise((resolve) => {
      signals.push(signal);
      signal.addEventListener("abort", () => resolve());
    });
  const client = await scene.spdy(PATH, "portforward.k8s.io");
  const { data } = await forwardOnce(client, "0", "80");
  await expect.poll(() => signals.length).toBe(1);
  client.control(3, Buffer.from([0, 0, 0, data.id, 0, 0, 0, 5]));
  await expect.poll(() => signals[0]?.aborted).toBe(true);
});

it("tunnels SPDY through a WebSocket, as kubectl 1.31 and later do", async () => {
  // The client of `ws` refuses the name's slash too, so it believes to have asked for another one.
  let agreed: string | undefined;
  const { webSocket } = await scene.webSocket(PATH, ["tunnel"], (request) => {
    request.setHeader("sec-websocket-protocol", TUNNEL_PROTOCOL);
    request.prependListener("upgrade", ({ headers }) => {
      agreed = headers["sec-websocket-protocol"];
      headers["sec-websocket-protocol"] = "tunnel";
    });
    request.end();
  });
  expect(agreed).toBe(TUNNEL_PROTOCOL);
  const client = new SpdyTestClient(createWebSocketStream(webSocket));
  const { data } = await forwardOnce(client, "0", "80");
  client.send(data, GET);
  await expect.poll(() => data.text).toContain(PAGE);
  client.socket.end();
  await client.closed;
});

it("forwards over WebSocket channels, as client libraries do", async () => {
  const client = await scene.webSocket(`${PATH}?ports=80`, ["v4.channel.k8s.io"]);
  client.send(0, GET);
  expect(await client.closed).toBe(1000);
  expect(client.text(0).slice(0, 2)).toBe("P\0");
  expect(client.text(0)).toContain(PAGE);
  expect(client.text(1)).toBe("P\0");
});

it("refuses another Pod's uid, and channels without ports", async () => {
  await expect(
    scene.spdy("/portForward/default/web/uid-old", "portforward.k8s.io"),
  ).rejects.toThrow("404 pod does not exist");
  await expect(scene.webSocket(PATH, ["v4.channel.k8s.io"])).rejects.toThrow("400");
});
