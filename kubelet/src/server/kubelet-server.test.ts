import { connect, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { certificates, ServerScene, textOf } from "./server-scene.ts";

let scene: ServerScene;
beforeEach(async () => {
  scene = await ServerScene.open();
});
afterEach(() => scene.close());

const LOG = "/containerLogs/default/web/main";

async function runToEnd(script: string): Promise<void> {
  const id = await scene.backend.start("main", { command: ["sh", "-c", script] });
  await expect
    .poll(async () => (await scene.backend.runtime.containerStatus(id)).state)
    .toBe("CONTAINER_EXITED");
}

describe("who is heard", () => {
  it("answers a client with a certificate of the API server", async () => {
    expect(await scene.request("/healthz")).toMatchObject({ code: 200, body: "ok" });
  });

  it("answers 401 without a certificate, or with one of another authority", async () => {
    const none = { ...scene.options(), cert: undefined, key: undefined };
    expect(await scene.request("/healthz", none)).toMatchObject({ code: 401 });
    const stranger = scene.options(certificates.stranger);
    expect(await scene.request("/pods", stranger)).toMatchObject({ code: 401 });
  });

  it("does not take a resumed session without a certificate for a certificate", async () => {
    const none = { ...scene.options(), cert: undefined, key: undefined };
    const ask = (session?: Buffer) =>
      new Promise<{ text: string; isResumed: boolean; session: Buffer }>((resolve, reject) => {
        let ticket: Buffer | undefined;
        let text = "";
        const socket: TLSSocket = connect({
          host: "127.0.0.1",
          port: scene.server.port,
          ca: none.ca,
          session,
        });
        socket.on("session", (received) => {
          ticket = received;
        });
        socket.on("data", (chunk) => {
          text += chunk;
        });
        socket.on("end", () =>
          resolve({ text, isResumed: socket.isSessionReused(), session: ticket as Buffer }),
        );
        socket.on("error", reject);
        socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
      });
    const first = await ask();
    expect(first.text).toContain("401 Unauthorized");
    const second = await ask(first.session);
    expect(second.isResumed).toBe(true);
    expect(second.text).toContain("401 Unauthorized");
  });

  it("forbids other components of the cluster", async () => {
    expect(await scene.request("/pods", scene.options(certificates.scheduler))).toMatchObject({
      code: 403,
      body: "Forbidden (user=system:kube-scheduler, verb=get, resource=nodes, subresource(s)=[proxy])",
    });
  });
});

describe("logs", () => {
  it("sends what the container wrote, both streams in order", async () => {
    await runToEnd("echo one; echo two >&2; printf three");
    const answer = await scene.request(LOG);
    expect(answer).toMatchObject({ code: 200, body: "one\ntwo\nthree\n" });
    expect(answer.headers["content-type"]).toBe("text/plain");
  });

  it("chooses by tail, stream, bytes and time", async () => {
    await runToEnd("echo one; echo two >&2; echo three");
    const body = async (query: string) => (await scene.request(`${LOG}?${query}`)).body;
    expect(await body("tailLines=2")).toBe("two\nthree\n");
    expect(await body("tailLines=0")).toBe("");
    expect(await body("stream=Stderr")).toBe("two\n");
    expect(await body("limitBytes=6")).toBe("one\ntw");
    expect(await body("sinceTime=2100-01-01T00:00:00Z")).toBe("");
    expect(await body("sinceSeconds=3600")).toBe("one\ntwo\nthree\n");
    expect(await body("timestamps=true&tailLines=1")).toMatch(
      /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z three\n$/,
    );
  });

  it("follows until the container ends", async () => {
    await scene.backend.start("main", { stdin: true, stdinOnce: true, command: ["cat"] });
    const response = await scene.follow(`${LOG}?follow=true`);
    const text = textOf(response);
    const { runtime, containerId } = (await scene.backend.findContainer({
      namespace: "default",
      pod: "web",
      uid: "",
      container: "main",
    }))!;
    void runtime.attach(containerId, {
      stdin: (async function* () {
        yield Buffer.from("late\n");
      })(),
      signal: new AbortController().signal,
    });
    expect(await text).toBe("late\n");
  });

  it("stops reading when the client has gone", async () => {
    await scene.backend.start("main", { command: ["sh", "-c", "echo here; sleep 1000"] });
    const signals: AbortSignal[] = [];
    const { findLog } = scene.backend;
    scene.backend.findLog = async (...parameters) => {
      const read = await findLog.apply(scene.backend, parameters);
      return (options) => {
        signals.push(options.signal);
        return read(options);
      };
    };
    const response = await scene.follow(`${LOG}?follow=true`);
    expect(signals[0]?.aborted).toBe(false);
    response.destroy();
    await expect.poll(() => signals[0]?.aborted).toBe(true);
  });

  it("refuses in upstream's words", async () => {
    expect(await scene.request("/containerLogs/default/nobody/main")).toMatchObject({
      code: 404,
      body: "pod does not exist",
    });
    expect(await scene.request(`${LOG}?tailLines=-1`)).toMatchObject({ code: 422 });
    await runToEnd("true");
    expect(await scene.request(`${LOG}?previous=true`)).toMatchObject({
      code: 400,
      body: 'previous terminated container "main" in pod "web" not found',
    });
  });
});

describe("figures", () => {
  it("lists Pods and sums what containers use", async () => {
    await scene.backend.start("main");
    await scene.backend.start("side");
    const pods = JSON.parse((await scene.request("/pods")).body);
    expect(pods).toMatchObject({ kind: "PodList", items: [{ metadata: { name: "web" } }] });
    const summary = JSON.parse((await scene.request("/stats/summary")).body);
    expect(summary.node.nodeName).toBe("node-1");
    const [pod] = summary.pods;
    const [main, side] = pod.containers;
    expect(pod.podRef).toEqual({ name: "web", namespace: "default", uid: "uid-web" });
    expect(main.memory.workingSetBytes).toBeGreaterThan(0);
    expect(pod.memory.workingSetBytes).toBe(
      main.memory.workingSetBytes + side.memory.workingSetBytes,
    );
    expect(summary.node.memory.availableBytes).toBe(
      8 * 1024 ** 3 - summary.node.memory.workingSetBytes,
    );
  });

  it("serves Prometheus text", async () => {
    await scene.backend.start("main");
    expect((await scene.request("/metrics")).body).toBe("kubelet_running_pods 1\n");
    const { body } = await scene.request("/metrics/resource");
    expect(body).toMatch(
      /^container_memory_working_set_bytes\{container="main",namespace="default",pod="web"\} \d+ \d+$/m,
    );
    expect(body).toContain("# TYPE node_cpu_usage_seconds_total counter");
  });

  it("answers 404 elsewhere, and 400 to exec without an upgrade", async () => {
    expect(await scene.request("/nothing")).toMatchObject({ code: 404 });
    expect(await scene.request("/stats/summary?node=node-9")).toMatchObject({ code: 404 });
    expect(await scene.request("/exec/default/web/main?stdout=1&command=ls")).toMatchObject({
      code: 400,
      body: "Upgrade request required",
    });
  });
});
