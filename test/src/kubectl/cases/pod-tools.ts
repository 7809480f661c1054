// cp, port-forward, debug, proxy.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { casesOf } from "../case.ts";
import { documents, pod, scriptPod } from "../manifests.ts";
import type { Terminal } from "../terminal.ts";

const row = casesOf("pods");

async function running(t: Terminal, ...pods: { metadata: { name: string } }[]): Promise<void> {
  await t.ok("create -f -", { input: documents(...pods) });
  const names = pods.map(({ metadata }) => `pod/${metadata.name}`).join(" ");
  await t.ok(`wait --for=condition=Ready ${names} --timeout=30s`);
}

const webPod = pod("p", {
  containers: [{ name: "c", image: "web:1", ports: [{ containerPort: 80, name: "http" }] }],
});

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

async function forwards(t: Terminal, what: string, ports: string): Promise<void> {
  const forwarding = t.start(`port-forward ${what} ${ports}`);
  const [, port] = await forwarding.prints(/Forwarding from 127\.0\.0\.1:(\d+) -> 80\n/);
  assert.equal(await statusOf(`http://127.0.0.1:${port}/`), 200);
  assert.equal(await statusOf(`http://127.0.0.1:${port}/again`), 200);
  assert.match(forwarding.stdout(), /Handling connection for \d+\n/);
  await forwarding.interrupt();
}

const transferCases = [
  row("cp-to", "cp FILE POD:FILE", async (t) => {
    await running(t, scriptPod("p", "mkdir -p /data; sleep 600"));
    t.write("file.txt", "some text\n");
    await t.says("cp file.txt p:/data/file.txt", "");
    await t.says("exec p -- cat /data/file.txt", "some text\n");
    t.write("all/one.txt", "1");
    t.write("all/below/two.txt", "2");
    await t.ok("cp all p:/data");
    await t.says("exec p -- cat /data/all/one.txt /data/all/below/two.txt", "12");
    await t.fails("cp none.txt p:/data/none.txt", /none\.txt doesn't exist in local filesystem/);
  }),

  row("cp-from", "cp POD:FILE FILE", async (t) => {
    await running(
      t,
      scriptPod(
        "p",
        "mkdir -p /data/all; echo 1 >/data/all/one.txt; echo text >/data/file.txt; sleep 600",
      ),
    );
    await t.soonSays("exec p -- cat /data/file.txt", "text\n");
    await t.ok("cp p:/data/file.txt copied.txt");
    assert.equal(readFileSync(join(t.directory, "copied.txt"), "utf8"), "text\n");
    await t.ok("cp p:/data/all all");
    assert.equal(readFileSync(join(t.directory, "all/one.txt"), "utf8"), "1\n");
  }),

  row("port-forward-pod", "port-forward POD", async (t) => {
    await running(t, webPod);
    await forwards(t, "p", ":80");
    await forwards(t, "pod/p", ":http");
  }),

  row("port-forward-service", "port-forward svc/NAME", async (t) => {
    await running(t, webPod);
    await t.ok("expose pod p --port=8080 --target-port=80");
    await forwards(t, "service/p", ":8080");
    await t.fails(
      "port-forward service/p :9",
      /^error: Service p does not have a service port 9\n$/,
    );
  }),

  row("proxy", "proxy", async (t) => {
    const proxy = t.start("proxy --port=0");
    const [, port] = await proxy.prints(/^Starting to serve on 127\.0\.0\.1:(\d+)\n/);
    const url = `http://127.0.0.1:${port}/api/v1/namespaces/${t.namespace}`;
    const body = (await (await fetch(url)).json()) as { metadata: { name: string } };
    assert.equal(body.metadata.name, t.namespace);
    await proxy.interrupt();
  }),

  row("proxy-pod", "proxy (to a Pod, a node)", async (t) => {
    await running(t, webPod);
    await t.ok("expose pod p --port=80");
    const path = `/api/v1/namespaces/${t.namespace}`;
    await t.ok(`get --raw ${path}/pods/p:80/proxy/`);
    await t.ok(`get --raw ${path}/pods/http:p:/proxy/some/path?x=1`);
    await t.says("get --raw /api/v1/nodes/node-1/proxy/healthz", "ok");
  }),

  row("proxy-service", "proxy (to a Service)", async (t) => {
    await running(t, webPod);
    await t.ok("expose pod p --port=80");
    await t.soon(() => t.ok(`get --raw /api/v1/namespaces/${t.namespace}/services/p:80/proxy/`));
  }),
];

const debugCases = [
  row("debug-ephemeral", "debug (ephemeral container)", async (t) => {
    await running(t, scriptPod("p", "sleep 600"));
    await t.ok("debug p --image=busybox -c helper -- sh -c 'echo helping; sleep 600'");
    await t.says(
      "get pod p -o jsonpath='{.spec.ephemeralContainers[0].name} {.spec.ephemeralContainers[0].image}'",
      "helper busybox",
    );
    await t.soonSays("logs p -c helper", "helping\n");
  }),

  row("debug-attach", "debug -i", async (t) => {
    await running(t, scriptPod("p", "sleep 600"));
    const debug = t.start("debug p -i --image=busybox", { input: "echo hello\n" });
    await debug.prints(/^hello$/m);
    debug.type("exit 0\n");
    assert.equal((await debug.end()).code, 0);
  }),

  row("debug-copy", "debug --copy-to", async (t) => {
    await running(t, scriptPod("p", "sleep 600"));
    await t.ok("debug p --copy-to=q --image=busybox -c helper --share-processes -- sleep 600");
    await t.says(
      "get pod q -o jsonpath='{.spec.containers[*].name} {.spec.shareProcessNamespace} {.metadata.labels}'",
      "c helper true ",
    );
    await t.ok("wait --for=condition=Ready pod/q --timeout=30s");
    await t.ok("debug p --copy-to=r --set-image=*=busybox:2");
    await t.says("get pod r -o jsonpath={.spec.containers[*].image}", "busybox:2");
    await t.ok("delete pod p q r --now");
  }),

  row("debug-node", "debug node/NAME", async (t) => {
    const printed = await t.ok(
      "debug node/node-1 --image=busybox -- sh -c 'echo on the node; sleep 600'",
    );
    assert.match(
      printed,
      /^Creating debugging pod node-debugger-node-1-\w+ with container debugger on node node-1\.\n/,
    );
    const [, name] = /pod (\S+) with/.exec(printed) ?? [];
    await t.soonSays(`logs ${name}`, "on the node\n");
    await t.says(
      `get pod ${name} -o jsonpath='{.spec.nodeName} {.spec.hostNetwork}'`,
      "node-1 true",
    );
    await t.ok(`delete pod ${name} --now`);
  }),
];

export const podToolCases = [...transferCases, ...debugCases];
