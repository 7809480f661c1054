// wait --for=…
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { configMap, deployment, documents, pod, unplacedPod } from "../manifests.ts";

const row = casesOf("wait");

export const waitCases = [
  row("wait-condition", "wait --for=condition=…", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 1), pod("p")) });
    await t.says("wait --for=condition=Ready pod/p --timeout=30s", "pod/p condition met\n");
    await t.says(
      "wait --for=condition=Available=true deployment/web --timeout=30s",
      "deployment.apps/web condition met\n",
    );
    await t.says(
      "wait --for=condition=Ready pods --all --timeout=30s",
      /^pod\/p condition met\npod\/web-\w+-\w+ condition met\n$/,
    );
    await t.ok("delete deployment,pod --all --now");
  }),

  row("wait-condition-timeout", "wait (timeout)", async (t) => {
    await t.ok("create -f -", { input: documents(unplacedPod("p")) });
    await t.fails(
      "wait --for=condition=Ready pod/p --timeout=1s",
      "error: timed out waiting for the condition on pods/p\n",
    );
    await t.ok("delete pod p --force");
  }),

  row("wait-jsonpath", "wait --for=jsonpath=…", async (t) => {
    await t.ok("create configmap m");
    const waiting = t.start("wait --for=jsonpath={.data.done}=yes configmap/m --timeout=30s");
    await t.ok('patch configmap m -p \'{"data":{"done":"no"}}\'');
    await t.ok('patch configmap m -p \'{"data":{"done":"yes"}}\'');
    const { code, stdout } = await waiting.end();
    assert.deepEqual([code, stdout], [0, "configmap/m condition met\n"]);
  }),

  row(
    "wait-jsonpath-any",
    "wait --for=jsonpath=… (any value)",
    async (t) => {
      await t.ok("create -f -", { input: documents(pod("p")) });
      await t.says(
        "wait --for=jsonpath={.status.podIP} pod/p --timeout=30s",
        "pod/p condition met\n",
      );
      await t.ok("delete pod p --now");
    },
    { since: 31 },
  ),

  row("wait-delete", "wait --for=delete", async (t) => {
    const finalizers = ["test.coracle.dev/hold"];
    await t.ok("create -f -", { input: documents(configMap("m", {}, { finalizers })) });
    const waiting = t.start("wait --for=delete configmap/m --timeout=30s");
    await t.ok("delete configmap m --wait=false");
    await t.ok('patch configmap m --type=merge -p \'{"metadata":{"finalizers":null}}\'');
    const { code, stdout } = await waiting.end();
    assert.deepEqual([code, stdout], [0, "configmap/m condition met\n"]);
    assert.equal((await t.run("wait --for=delete configmap/m --timeout=1s")).code, 0);
  }),

  row(
    "wait-create",
    "wait --for=create",
    async (t) => {
      const waiting = t.start("wait --for=create configmap/m --timeout=30s");
      await t.ok("create configmap m");
      const { code, stdout } = await waiting.end();
      assert.deepEqual([code, stdout], [0, "configmap/m condition met\n"]);
      await t.fails(
        "wait --for=create configmap/n --timeout=1s",
        /timed out waiting for the condition/,
      );
    },
    { since: 31 },
  ),

  row("wait-job", "wait --for=condition=complete job", async (t) => {
    await t.ok("create job once --image=busybox -- true");
    await t.says(
      `wait --for=condition=complete job/once --timeout=${t.patience}`,
      "job.batch/once condition met\n",
    );
  }),
];
