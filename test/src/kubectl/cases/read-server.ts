// What kubectl says of the server, of kinds, and of what happened: explain, events, api-resources, version, top, …
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { documents, pod, scriptPod } from "../manifests.ts";

const row = casesOf("read");

const explainCases = [
  row("explain", "explain", async (t) => {
    const shown = await t.ok("explain pods");
    assert.match(shown, /^KIND: +Pod\nVERSION: +v1\n\nDESCRIPTION:\n/);
    assert.match(shown, /^ {2}spec\t<PodSpec>$/m);
    await t.says("explain deploy", /^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n/);
  }),

  row("explain-path", "explain (nested path)", async (t) => {
    const shown = await t.ok("explain deployment.spec.strategy.rollingUpdate");
    assert.match(shown, /^FIELD: rollingUpdate <RollingUpdateDeployment>$/m);
    assert.match(shown, /^ {2}maxSurge\t<IntOrString>$/m);
    await t.says("explain pod.spec.containers.image", /^FIELD: image <string>$/m);
    await t.fails("explain pod.spec.nothing", /field "nothing" does not exist/);
  }),

  row("explain-recursive", "explain --recursive", async (t) => {
    const shown = await t.ok("explain configmap --recursive");
    assert.match(
      shown,
      /^FIELDS:\n {2}apiVersion\t<string>\n {2}binaryData\t<map\[string\]string>\n/m,
    );
    assert.match(shown, /^ {4}ownerReferences\t<\[\]OwnerReference>\n {6}apiVersion\t<string>/m);
    const fields = await t.ok("explain deployment.spec.template.spec --recursive");
    assert.match(fields, /^ {4}livenessProbe\t<Probe>$/m);
  }),

  row("explain-openapiv2", "explain --output plaintext-openapiv2", async (t) => {
    const shown = await t.ok("explain pod.spec.containers --output plaintext-openapiv2");
    assert.match(shown, /^KIND: +Pod\nVERSION: +v1\n\nRESOURCE: containers <\[\]Object>\n/);
    assert.match(shown, /^ {3}image\t<string>$/m);
  }),

  row("explain-version", "explain --api-version", async (t) => {
    await t.says("explain hpa --api-version=autoscaling/v1", /^VERSION: +v1$/m);
    await t.says("explain hpa --api-version=autoscaling/v2", /^VERSION: +v2$/m);
  }),
];

const eventCases = [
  row("events", "events", async (t) => {
    await t.ok("create -f -", { input: documents(pod("p"), pod("q")) });
    await t.ok("wait --for=condition=Ready pod/p pod/q --timeout=30s");
    const shown = await t.soon(async () => {
      const text = await t.ok("events");
      assert.match(text, /Started +Pod\/p/);
      return text;
    });
    assert.match(shown, /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/);
    assert.match(shown, /Normal +Scheduled +Pod\/p +Successfully assigned \S+\/p to node-/);
    assert.match(await t.ok("get events"), /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/);
    await t.ok("delete pod p q --now");
  }),

  row("events-for", "events --for, --types", async (t) => {
    await t.ok("create -f -", { input: documents(pod("p"), pod("q")) });
    await t.soon(async () => {
      const text = await t.ok("events --for=pod/p");
      assert.match(text, /Started +Pod\/p/);
      assert.doesNotMatch(text, /Pod\/q/);
    });
    await t.warns("events --for pod/p --types=Warning", /^No events found/);
    await t.ok("delete pod p q --now");
  }),

  row("events-watch", "events -w", async (t) => {
    const watch = t.start("events --for=pod/p -w");
    // Creation may come before the watch has begun: its events are listed then.
    await t.ok("create -f -", { input: documents(pod("p")) });
    await watch.prints(/Normal +Started +Pod\/p/);
    await watch.interrupt();
    await t.ok("delete pod p --now");
  }),
];

const serverCases = [
  row("api-resources", "api-resources", async (t) => {
    const shown = await t.ok("api-resources");
    assert.match(shown, /^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND\n/);
    assert.match(shown, /^deployments +deploy +apps\/v1 +true +Deployment$/m);
    const wide = await t.ok("api-resources -o wide --api-group=apps");
    assert.match(
      wide,
      /^deployments +deploy +apps\/v1 +true +Deployment +create,delete,deletecollection,get,list,patch,update,watch +all$/m,
    );
  }),

  row("api-resources-verbs", "api-resources --verbs", async (t) => {
    const names = await t.ok("api-resources --verbs=list,create -o name");
    assert.match(names, /^pods$/m);
    assert.doesNotMatch(names, /^(bindings|tokenreviews.*)$/m);
  }),

  row("api-resources-namespaced", "api-resources --namespaced", async (t) => {
    const cluster = await t.ok("api-resources --namespaced=false -o name");
    assert.match(cluster, /^nodes$/m);
    assert.doesNotMatch(cluster, /^pods$/m);
    assert.match(await t.ok("api-resources --namespaced=true -o name"), /^pods$/m);
  }),

  row("api-resources-categories", "api-resources --categories", async (t) => {
    const all = await t.ok("api-resources --categories=all -o name --sort-by=name");
    assert.deepEqual(all.trim().split("\n"), [
      "cronjobs.batch",
      "daemonsets.apps",
      "deployments.apps",
      "horizontalpodautoscalers.autoscaling",
      "jobs.batch",
      "pods",
      "replicasets.apps",
      "replicationcontrollers",
      "services",
      "statefulsets.apps",
    ]);
  }),

  row("api-versions", "api-versions", async (t) => {
    const lines = (await t.ok("api-versions")).trim().split("\n");
    assert.deepEqual(lines, [...lines].sort());
    for (const version of ["apps/v1", "autoscaling/v1", "autoscaling/v2", "batch/v1", "v1"]) {
      assert.ok(lines.includes(version), version);
    }
  }),

  row("cluster-info", "cluster-info", async (t) => {
    const shown = await t.ok("cluster-info");
    assert.match(shown, /Kubernetes control plane.* is running at .*https:\/\/127\.0\.0\.1:\d+/);
    assert.match(
      shown,
      /To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'/,
    );
  }),

  row("cluster-info-dump", "cluster-info dump", async (t) => {
    await t.ok("create -f -", { input: documents(scriptPod("talker", "echo hello; sleep 60")) });
    await t.ok("wait --for=condition=Ready pod/talker --timeout=30s");
    const dump = await t.ok(`cluster-info dump --namespaces=${t.namespace}`);
    assert.match(dump, /"kind": "NodeList"/);
    assert.match(dump, /"name": "talker"/);
    assert.match(
      dump,
      new RegExp(`==== START logs for container c of pod ${t.namespace}/talker ====\nhello\n`),
    );
    await t.ok("delete pod talker --now");
  }),

  row("version", "version", async (t) => {
    const { serverVersion } = JSON.parse(await t.ok("version -o json"));
    assert.match(serverVersion.gitVersion, /^v1\.36\./);
    assert.equal(`${serverVersion.major}.${serverVersion.minor}`, "1.36");
    const text = await t.run("version");
    assert.match(text.stdout, /^Server Version: .*v1\.36\./m);
  }),

  row("top-pod", "top pod", async (t) => {
    await t.ok("create -f -", { input: documents(pod("p")) });
    await t.ok("wait --for=condition=Ready pod/p --timeout=30s");
    await t.soonSays("top pod p", /^NAME +CPU\(cores\) +MEMORY\(bytes\) *\np +\d+m +\d+Mi *\n$/);
    await t.says(
      "top pod p --containers",
      /^POD +NAME +CPU\(cores\) +MEMORY\(bytes\) *\np +c +\d+m +\d+Mi *\n$/,
    );
    await t.ok("delete pod p --now");
  }),

  row("top-node", "top node", async (t) => {
    await t.soonSays(
      "top node node-1",
      /^NAME +CPU\(cores\) +CPU.* +MEMORY\(bytes\) +MEMORY.*\nnode-1 +\d+m +\d+% +\d+Mi +\d+% *\n$/,
    );
  }),
];

export const readServerCases = [...explainCases, ...eventCases, ...serverCases];
