// delete: what, and how.
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { configMap, deleted, deployment, documents, pod, unplacedPod } from "../manifests.ts";

const row = casesOf("change");

export const deleteCases = [
  row("delete-name", "delete TYPE NAME, TYPE/NAME, -f", async (t) => {
    const maps = ["a", "b", "c", "d"].map((name) => configMap(name, {}));
    t.write("d.json", maps[3] as object);
    await t.ok("create -f -", { input: documents(...maps) });
    await t.says("delete configmap a", deleted('configmap "a"'));
    await t.says("delete configmap/b cm/c -o name", "configmap/b\nconfigmap/c\n");
    await t.says("delete -f d.json", deleted('configmap "d"'));
    await t.fails("delete configmap a", 'Error from server (NotFound): configmaps "a" not found\n');
    await t.says("delete configmap a --ignore-not-found", "");
  }),

  row("delete-labels", "delete -l", async (t) => {
    const labels = { tier: "front" };
    await t.ok("create -f -", {
      input: documents(configMap("a", {}, { labels }), configMap("b", {})),
    });
    await t.says("delete configmaps -l tier=front", deleted('configmap "a"'));
    await t.says("get configmap b -o name", "configmap/b\n");
    assert.equal(await t.ok("delete configmaps -l tier=front"), "No resources found\n");
  }),

  row("delete-all", "delete --all", async (t) => {
    await t.ok("create -f -", { input: documents(pod("p"), pod("q"), configMap("m", {})) });
    await t.says(
      "delete pods --all --now",
      /^pod "p" deleted( from \S+ namespace)?\npod "q" deleted( from \S+ namespace)?\n$/,
    );
    await t.warns("get pods", /^No resources found/);
    await t.ok("get configmap m");
  }),

  row("delete-field-selector", "delete --field-selector", async (t) => {
    await t.ok("create -f -", {
      input: documents(pod("p", { nodeName: "node-1" }), unplacedPod("q")),
    });
    await t.ok("delete pods --field-selector spec.nodeName=node-1 --now");
    await t.says("get pods -o name", "pod/q\n");
    await t.ok("delete pod q --now");
  }),

  row("delete-background", "delete --cascade=background", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 1)) });
    await t.ok("rollout status deployment web --timeout=30s");
    await t.says("delete deployment web --cascade=background", deleted('deployment.apps "web"'));
    await t.soonSays("get replicasets,pods -o name", "");
  }),

  row("delete-foreground", "delete --cascade=foreground", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 1)) });
    await t.ok("rollout status deployment web --timeout=30s");
    await t.says("delete deployment web --cascade=foreground", deleted('deployment.apps "web"'));
    // The owner goes last, and delete waits for it.
    await t.says("get deployments,replicasets,pods -o name", "");
  }),

  row("delete-orphan", "delete --cascade=orphan", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 1)) });
    await t.ok("rollout status deployment web --timeout=30s");
    await t.says("delete deployment web --cascade=orphan", deleted('deployment.apps "web"'));
    await t.says("get deployments,replicasets -o name", /^replicaset\.apps\/web-\w+\n$/);
    await t.soonSays("get replicasets -o jsonpath={.items[*].metadata.ownerReferences}", "");
    await t.ok("delete replicasets --all");
  }),

  row("delete-grace", "delete --grace-period", async (t) => {
    const slow = {
      terminationGracePeriodSeconds: 3600,
      containers: [
        {
          name: "c",
          image: "busybox",
          command: ["sh", "-c", "trap '' TERM; while true; do sleep 1; done"],
        },
      ],
    };
    await t.ok("create -f -", { input: documents(pod("p", slow)) });
    await t.ok("wait --for=condition=Ready pod/p --timeout=30s");
    await t.says("delete pod p --grace-period=60 --wait=false", deleted('pod "p"'));
    await t.says("get pod p -o jsonpath={.metadata.deletionGracePeriodSeconds}", "60");
    await t.says("get pod p", /^NAME .*\np +1\/1 +Terminating +0 /);
    await t.says("delete pod p --grace-period=1", deleted('pod "p"'));
    await t.fails("get pod p", /not found/);
  }),

  row("delete-force", "delete --force", async (t) => {
    await t.ok("create -f -", { input: documents(unplacedPod("p")) });
    const outcome = await t.run("delete pod p --force");
    assert.match(outcome.stdout, deleted('pod "p" force'));
    assert.match(
      outcome.stderr,
      /^Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated\. The resource may continue to run on the cluster indefinitely\.\n$/,
    );
    await t.fails("get pod p", /not found/);
  }),

  row("delete-wait", "delete --wait, --timeout", async (t) => {
    const finalizers = ["test.coracle.dev/hold"];
    await t.ok("create -f -", { input: documents(configMap("m", {}, { finalizers })) });
    await t.fails(
      "delete configmap m --timeout=1s",
      /timed out waiting for the condition on configmaps\/m/,
    );
    const waiting = t.start("delete configmap m");
    await waiting.prints(/^configmap "m" deleted/);
    await t.ok('patch configmap m --type=merge -p \'{"metadata":{"finalizers":null}}\'');
    assert.equal((await waiting.end()).code, 0);
    await t.fails("get configmap m", /not found/);
  }),

  row("delete-dry-run", "delete --dry-run=server", async (t) => {
    await t.ok("create configmap m");
    await t.says(
      "delete configmap m --dry-run=server",
      /^configmap "m" deleted.*\(server dry run\).*\n$/,
    );
    await t.ok("get configmap m");
  }),

  row("delete-raw", "delete --raw", async (t) => {
    await t.ok("create configmap m");
    const path = `/api/v1/namespaces/${t.namespace}/configmaps/m`;
    const status = JSON.parse(await t.ok(`delete --raw ${path}`));
    assert.deepEqual([status.kind, status.status], ["Status", "Success"]);
  }),
];
