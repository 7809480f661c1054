// get: what is selected, and how it is shown.
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { configMap, deployment, documents, pod, unplacedPod } from "../manifests.ts";
import type { Terminal } from "../terminal.ts";

const row = casesOf("read");

/** ConfigMaps a (tier=front), b (tier=back), c (no label). */
async function threeMaps(t: Terminal): Promise<void> {
  const input = documents(
    configMap("a", { n: "2" }, { labels: { tier: "front" } }),
    configMap("b", { n: "1" }, { labels: { tier: "back" } }),
    configMap("c", { n: "3" }),
  );
  await t.ok("create -f -", { input });
}

const ours = "--field-selector metadata.name!=kube-root-ca.crt";

const selectionCases = [
  row("get-name", "get TYPE NAME", async (t) => {
    await threeMaps(t);
    await t.says("get configmap a", /^NAME +DATA +AGE\na +1 +\d+s\n$/);
    await t.says("get cm a b --no-headers", /^a +1 +\d+s\nb +1 +\d+s\n$/);
    await t.fails("get cm none", 'Error from server (NotFound): configmaps "none" not found\n');
    await t.says("get cm none --ignore-not-found", "");
  }),

  row("get-type-name", "get TYPE/NAME", async (t) => {
    await threeMaps(t);
    await t.ok("create serviceaccount robot");
    const shown = await t.ok("get configmap/a sa/robot");
    assert.match(
      shown,
      /^NAME +DATA +AGE\nconfigmap\/a +1 +\d+s\n\nNAME .*\nserviceaccount\/robot /,
    );
  }),

  row("get-types", "get TYPE,TYPE", async (t) => {
    await threeMaps(t);
    await t.ok("create serviceaccount robot");
    await t.says(
      `get sa,cm -o name ${ours}`,
      "serviceaccount/default\nserviceaccount/robot\nconfigmap/a\nconfigmap/b\nconfigmap/c\n",
    );
  }),

  row("get-all", "get all", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 1), configMap("m", {})) });
    await t.ok("rollout status deployment web --timeout=30s");
    await t.says(
      "get all -o name",
      /^pod\/web-\w+-\w+\ndeployment\.apps\/web\nreplicaset\.apps\/web-\w+\n$/,
    );
    await t.ok("delete deployment web");
  }),

  row("get-all-namespaces", "get -A", async (t) => {
    await threeMaps(t);
    const shown = await t.ok("get configmaps -A");
    assert.match(shown, /^NAMESPACE +NAME +DATA +AGE\n/);
    assert.match(shown, new RegExp(`^${t.namespace} +a +1 `, "m"));
    assert.match(shown, /^kube-system +kube-root-ca\.crt +1 /m);
  }),

  row("get-labels", "get -l (each operator)", async (t) => {
    await threeMaps(t);
    for (const [selector, names] of [
      ["tier=front", "a"],
      ["tier==front", "a"],
      ["tier!=front", "b c"],
      ["tier", "a b"],
      ["!tier", "c"],
      ["tier in (front,back)", "a b"],
      ["tier notin (front)", "b c"],
      ["tier,tier!=back", "a"],
    ]) {
      await t.says(
        `get cm -l '${selector}' ${ours} -o jsonpath={.items[*].metadata.name}`,
        `${names}`,
      );
    }
    await t.fails("get cm -l 'a in b'", /unable to parse requirement/);
  }),

  row("get-field-selector", "get --field-selector", async (t) => {
    await threeMaps(t);
    await t.ok("create -f -", {
      input: documents(pod("p", { nodeName: "node-1" }), unplacedPod("q")),
    });
    await t.says("get cm --field-selector metadata.name=b -o name", "configmap/b\n");
    await t.says("get pods --field-selector spec.nodeName=node-1 -o name", "pod/p\n");
    await t.says(
      "get pods --field-selector status.phase=Pending,spec.nodeName!=node-1 -o name",
      "pod/q\n",
    );
    await t.fails(
      "get pods --field-selector spec.image=i",
      'Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "", field selector "spec.image=i": field label not supported: spec.image\n',
    );
    await t.ok("delete pod p --force");
  }),

  row("get-files", "get -f", async (t) => {
    await threeMaps(t);
    t.write("some.yaml", documents(configMap("a", {}), configMap("c", {})));
    await t.says("get -f some.yaml -o name", "configmap/a\nconfigmap/c\n");
  }),

  row("get-chunks", "get --chunk-size", async (t) => {
    await threeMaps(t);
    await t.says(
      `get cm --chunk-size=1 ${ours} -o name`,
      "configmap/a\nconfigmap/b\nconfigmap/c\n",
    );
    await t.says(`get cm --chunk-size=2 ${ours} --no-headers`, /^a .*\nb .*\nc .*\n$/);
  }),

  row("get-empty", "get (nothing there)", async (t) => {
    await t.warns("get pods", `No resources found in ${t.namespace} namespace.\n`);
    await t.says("get pods -o name", "");
    await t.fails("get none-such", 'error: the server doesn\'t have a resource type "none-such"\n');
  }),
];

const formatCases = [
  row("get-wide", "get -o wide", async (t) => {
    await t.ok("create -f -", { input: documents(pod("p")) });
    await t.ok("wait --for=condition=Ready pod/p --timeout=30s");
    await t.says(
      "get pod p -o wide",
      /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\np +1\/1 +Running +0 +\d+s +10\.\S+ +node-\d+ +<none> +<none>\n$/,
    );
    assert.match(
      await t.ok("get nodes -o wide"),
      /^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME\n/,
    );
    await t.ok("delete pod p --now");
  }),

  row("get-yaml", "get -o yaml", async (t) => {
    await threeMaps(t);
    const shown = await t.ok("get cm a -o yaml");
    assert.match(
      shown,
      new RegExp(
        `^apiVersion: v1\ndata:\n  "n": "2"\nkind: ConfigMap\nmetadata:\n  creationTimestamp: "[^"]+Z"\n  labels:\n    tier: front\n  name: a\n  namespace: ${t.namespace}\n  resourceVersion: "\\d+"\n  uid: [0-9a-f-]{36}\n$`,
      ),
    );
    assert.match(await t.ok("get cm -o yaml"), /^apiVersion: v1\nitems:\n- apiVersion: v1\n/);
  }),

  row("get-json", "get -o json", async (t) => {
    await threeMaps(t);
    const one = await t.object<{ kind: string; metadata: { managedFields?: object[] } }>("cm a");
    assert.deepEqual([one.kind, one.metadata.managedFields], ["ConfigMap", undefined]);
    const { items, ...all } = await t.object<{ items: object[] }>(`cm ${ours}`);
    assert.equal(items.length, 3);
    assert.deepEqual(all, { apiVersion: "v1", kind: "List", metadata: { resourceVersion: "" } });
    const shown = await t.ok("get cm a -o json --show-managed-fields");
    assert.equal(JSON.parse(shown).metadata.managedFields[0].manager, "kubectl-create");
  }),

  row("get-name-format", "get -o name", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 0), configMap("m", {})) });
    await t.says("get deployment/web cm/m -o name", "deployment.apps/web\nconfigmap/m\n");
  }),

  row("get-jsonpath", "get -o jsonpath, jsonpath-file", async (t) => {
    await threeMaps(t);
    await t.says(
      `get cm ${ours} -o jsonpath='{range .items[*]}{.metadata.name}={.data.n};{end}'`,
      "a=2;b=1;c=3;",
    );
    await t.says(`get cm ${ours} -o jsonpath='{.items[?(@.data.n=="1")].metadata.name}'`, "b");
    t.write("path", "{.data.n}");
    await t.says("get cm a -o jsonpath-file=path", "2");
  }),

  row("get-custom-columns", "get -o custom-columns", async (t) => {
    await threeMaps(t);
    await t.says(
      `get cm ${ours} -o custom-columns=NAME:.metadata.name,N:.data.n,TIER:.metadata.labels.tier`,
      "NAME   N     TIER\na      2     front\nb      1     back\nc      3     <none>\n",
    );
    t.write("columns", "N         NAME\n.data.n   .metadata.name\n");
    await t.says("get cm a -o custom-columns-file=columns", "N     NAME\n2     a\n");
  }),

  row("get-go-template", "get -o go-template, template file", async (t) => {
    await threeMaps(t);
    await t.says(
      `get cm ${ours} -o go-template='{{range .items}}{{.metadata.name}} {{end}}'`,
      "a b c ",
    );
    t.write("template", "{{.data.n}}");
    await t.says("get cm b -o go-template-file=template", "1");
  }),

  row("get-sort-by", "get --sort-by", async (t) => {
    await threeMaps(t);
    await t.says(
      `get cm ${ours} --sort-by=.data.n -o name`,
      "configmap/b\nconfigmap/a\nconfigmap/c\n",
    );
    await t.says(`get cm ${ours} --sort-by=.metadata.name`, /^NAME .*\na .*\nb .*\nc .*\n$/);
    await t.says(`get cm ${ours} --sort-by=.data.n`, /^NAME .*\nb .*\na .*\nc .*\n$/);
  }),

  row("get-show-labels", "get --show-labels", async (t) => {
    await threeMaps(t);
    await t.says(
      `get cm ${ours} --show-labels`,
      /^NAME +DATA +AGE +LABELS\na +1 +\d+s +tier=front\nb +1 +\d+s +tier=back\nc +1 +\d+s +<none>\n$/,
    );
  }),

  row("get-label-columns", "get -L", async (t) => {
    await threeMaps(t);
    await t.says(
      `get cm ${ours} -L tier`,
      /^NAME +DATA +AGE +TIER\na +1 +\d+s +front\nb +1 +\d+s +back\nc +1 +\d+s +\n$/,
    );
  }),

  row("get-subresource", "get --subresource", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 2)) });
    await t.says(
      "get deployment web --subresource=scale -o jsonpath='{.kind} {.spec.replicas} {.status.selector}'",
      "Scale 2 app=web",
    );
    await t.says(
      "get deployment web --subresource=scale",
      /^NAME +DESIRED +AVAILABLE +AGE\nweb +2 +\d +\d+s\n$/,
    );
    await t.says("get deployment web --subresource=status -o jsonpath={.kind}", "Deployment");
  }),

  row("get-raw", "get --raw", async (t) => {
    await t.says("get --raw /healthz", "ok");
    const path = `/api/v1/namespaces/${t.namespace}/configmaps/kube-root-ca.crt`;
    const read = await t.soon(() => t.ok(`get --raw ${path}`));
    assert.equal(JSON.parse(read).metadata.name, "kube-root-ca.crt");
    await t.fails(
      "get --raw /api/v1/nothing",
      /^Error from server \(NotFound\): the server could not find the requested resource\n$/,
    );
  }),
];

const watchCases = [
  row("get-watch", "get -w", async (t) => {
    await t.ok("create configmap a --from-literal=n=1");
    const watch = t.start("get configmap a -w");
    await watch.prints(/^NAME +DATA +AGE\na +1 +\d+s\n/);
    await t.ok('patch configmap a --type=merge -p \'{"data":{"m":"2"}}\'');
    await watch.prints(/\na +2 +\d+s\n$/);
    await t.ok("delete configmap a");
    await watch.prints(/\na +2 +\d+s\na +2 +\d+s\n$/);
    await watch.interrupt();
  }),

  row("get-watch-only", "get --watch-only", async (t) => {
    await t.ok("create configmap a");
    const watch = t.start(`get configmaps ${ours} --watch-only -o name`);
    // What is there already is not shown.
    let changes = 0;
    await t.soon(async () => {
      await t.ok(`annotate configmap a --overwrite n=${changes++}`);
      assert.match(watch.stdout(), /^(configmap\/a\n)+$/);
    });
    await t.ok("create configmap b");
    await watch.prints(/configmap\/b\n$/);
    await watch.interrupt();
  }),

  row("get-watch-events", "get -w --output-watch-events", async (t) => {
    await t.ok("create configmap a");
    const watch = t.start("get configmap a -w --output-watch-events");
    await watch.prints(/^EVENT +NAME +DATA +AGE\nADDED +a +0 +\d+s\n/);
    await t.ok("label configmap a x=y");
    await watch.prints(/\nMODIFIED +a +0 +\d+s\n$/);
    await t.ok("delete configmap a");
    await watch.prints(/\nDELETED +a +0 +\d+s\n$/);
    await watch.interrupt();
  }),

  row("get-watch-json", "get -w -o json", async (t) => {
    await t.ok("create configmap a");
    const watch = t.start("get configmaps -w -o jsonpath='{.metadata.name} {.data.k}{\"\\n\"}'");
    await watch.prints(/^a \n/m);
    await t.ok("create configmap b --from-literal=k=v");
    await watch.prints(/^b v\n/m);
    await watch.interrupt();
  }),
];

export const readCases = [...selectionCases, ...formatCases, ...watchCases];
