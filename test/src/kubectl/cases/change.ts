// edit, patch, label, annotate, scale, set.
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { configMap, deployment, documents, unplacedPod } from "../manifests.ts";

const row = casesOf("change");

const editCases = [
  row("edit", "edit", async (t) => {
    await t.ok("create configmap m --from-literal=a=1");
    const edit = (script: string) => ({ env: { KUBE_EDITOR: t.script("edit.sh", script) } });
    await t.says(
      "edit configmap m",
      "configmap/m edited\n",
      edit('sed -i \'s/a: "1"/a: "2"/\' $1'),
    );
    await t.says("get configmap m -o jsonpath={.data.a}", "2");
    await t.warns("edit configmap m", "Edit cancelled, no changes made.\n", edit("true"));
  }),

  row("edit-invalid", "edit (refused, asked again)", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 0)) });
    // What the editor is shown the second time says what was wrong.
    const script = `cp "$1" seen-$(ls seen-* 2>/dev/null | wc -l); sed -i 's/replicas: 0/replicas: -1/' "$1"`;
    const KUBE_EDITOR = t.script("edit.sh", script);
    const outcome = await t.run("edit deployment web", { env: { KUBE_EDITOR } });
    assert.notEqual(outcome.code, 0);
    assert.match(outcome.stderr, /error: deployments\.apps "web" is invalid/);
    assert.match(outcome.stderr, /A copy of your changes has been stored to|Edit cancelled/);
  }),

  row(
    "edit-subresource",
    "edit --subresource=status",
    async (t) => {
      await t.ok("create -f -", { input: documents(unplacedPod("p")) });
      const KUBE_EDITOR = t.script("edit.sh", "sed -i 's/phase: Pending/phase: Failed/' $1");
      await t.says("edit pod p --subresource=status", "pod/p edited\n", { env: { KUBE_EDITOR } });
      await t.says("get pod p -o jsonpath={.status.phase}", "Failed");
      await t.ok("delete pod p --force");
    },
    { since: 28 },
  ),
];

const patchCases = [
  row("patch-strategic", "patch (strategic)", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 0)) });
    const containers =
      '[{"name":"c","env":[{"name":"A","value":"1"}]},{"name":"d","image":"side:1"}]';
    const patch = `{"spec":{"template":{"spec":{"containers":${containers}}}}}`;
    await t.says(`patch deployment web -p '${patch}'`, "deployment.apps/web patched\n");
    await t.says(
      "get deployment web -o jsonpath='{.spec.template.spec.containers[*].image} {.spec.template.spec.containers[*].env}'",
      'web:1 side:1 [{"name":"A","value":"1"}]',
    );
    await t.says(`patch deployment web -p '${patch}'`, "deployment.apps/web patched (no change)\n");
    await t.ok(
      `patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"$patch":"delete","name":"d"}]}}}}'`,
    );
    await t.says("get deployment web -o jsonpath={.spec.template.spec.containers[*].name}", "c");
  }),

  row("patch-merge", "patch --type=merge", async (t) => {
    await t.ok("create configmap m --from-literal=a=1 --from-literal=b=2");
    const patch = '{"data":{"a":null,"c":"3"}}';
    await t.says(`patch configmap m --type=merge -p '${patch}'`, "configmap/m patched\n");
    await t.says("get configmap m -o jsonpath={.data}", '{"b":"2","c":"3"}');
    t.write("patch.yaml", "data: {d: '4'}\n");
    await t.says("patch configmap m --type=merge --patch-file=patch.yaml", "configmap/m patched\n");
  }),

  row("patch-json", "patch --type=json", async (t) => {
    await t.ok("create configmap m --from-literal=a=1");
    const operations =
      '[{"op":"test","path":"/data/a","value":"1"},{"op":"move","from":"/data/a","path":"/data/b"}]';
    await t.says(`patch configmap m --type=json -p '${operations}'`, "configmap/m patched\n");
    await t.says("get configmap m -o jsonpath={.data}", '{"b":"1"}');
    await t.fails(
      `patch configmap m --type=json -p '[{"op":"test","path":"/data/b","value":"2"}]'`,
      /^The request is invalid: the server rejected our request due to an error in our request\n$/,
    );
    await t.fails(
      `patch configmap m --type=json -p '[{"op":"remove","path":"/data/none"}]'`,
      /^The request is invalid: the server rejected our request due to an error in our request\n$/,
    );
  }),

  row("patch-dry-run", "patch --dry-run=server, -f", async (t) => {
    await t.ok("create configmap m --from-literal=a=1");
    const patch = `-p '{"data":{"a":"2"}}'`;
    await t.says(`patch configmap m ${patch} --dry-run=server`, "configmap/m patched\n");
    await t.says("get configmap m -o jsonpath={.data.a}", "1");
    t.write("m.json", configMap("m", {}));
    await t.says(`patch -f m.json ${patch}`, "configmap/m patched\n");
    await t.says("get configmap m -o jsonpath={.data.a}", "2");
  }),

  row("patch-status", "patch --subresource=status", async (t) => {
    await t.ok("create -f -", { input: documents(unplacedPod("p")) });
    const patch = '{"status":{"phase":"Failed"},"spec":{"priority":9}}';
    await t.says(`patch pod p --subresource=status --type=merge -p '${patch}'`, "pod/p patched\n");
    await t.says("get pod p -o jsonpath='{.status.phase} {.spec.priority}'", "Failed 0");
    await t.ok("delete pod p --force");
  }),

  row("patch-scale", "patch --subresource=scale", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 0)) });
    const patch = '{"spec":{"replicas":1}}';
    await t.says(
      `patch deployment web --subresource=scale --type=merge -p '${patch}'`,
      /^(scale\.autoscaling|deployment\.apps)\/web patched\n$/,
    );
    await t.says("get deployment web -o jsonpath={.spec.replicas}", "1");
  }),
];

const metadataCases = [
  row("label", "label", async (t) => {
    await t.ok("create configmap m");
    await t.says("label configmap m a=1 b=2", "configmap/m labeled\n");
    await t.fails(
      "label configmap m a=3",
      /^error: 'a' already has a value \(1\), and --overwrite is false\n$/,
    );
    await t.says("label configmap m a=3 --overwrite", "configmap/m labeled\n");
    await t.says("label configmap m b-", "configmap/m unlabeled\n");
    await t.says("label configmap m --list", "a=3\n");
    await t.fails(
      "label configmap m a='not good' --overwrite",
      /a valid label must be|a lowercase RFC 1123|must consist of/,
    );
    await t.says("label configmaps --all c=1", /configmap\/m labeled\n/);
  }),

  row("annotate", "annotate", async (t) => {
    await t.ok("create configmap m");
    await t.says("annotate configmap m note='two words'", /^configmap\/m (annotated|annotate)\n$/);
    await t.says("get configmap m -o jsonpath={.metadata.annotations.note}", "two words");
    await t.fails("annotate configmap m note=other", /already has a value \(two words\)/);
    await t.ok("annotate configmap m note-");
    await t.says("annotate configmap m --list", "");
  }),

  row("scale", "scale", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 0), deployment("two", 0)) });
    await t.says("scale deployment web --replicas=2", "deployment.apps/web scaled\n");
    await t.ok("rollout status deployment web --timeout=30s");
    await t.says(
      "scale deployment/web deployment/two --replicas=1",
      "deployment.apps/web scaled\ndeployment.apps/two scaled\n",
    );
    await t.soonSays("get deployments -o jsonpath={.items[*].status.availableReplicas}", "1 1");
    await t.fails(
      "scale deployment none --replicas=1",
      /deployments\.apps "none" not found\n$|no objects passed to scale/,
    );
    await t.ok("delete deployment web two");
  }),

  row("scale-current", "scale --current-replicas", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 0)) });
    await t.fails(
      "scale deployment web --replicas=2 --current-replicas=3",
      "error: Expected replicas to be 3, was 0\n",
    );
    await t.says(
      "scale deployment web --replicas=1 --current-replicas=0",
      "deployment.apps/web scaled\n",
    );
  }),

  row("scale-resource-version", "scale --resource-version", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 0)) });
    await t.fails(
      "scale deployment web --replicas=2 --resource-version=1",
      /^error: Expected resource version to be 1, was \d+\n$/,
    );
  }),
];

const setCases = [
  row("set-image", "set image", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 0), deployment("two", 0)) });
    await t.says("set image deployment/web c=web:2", "deployment.apps/web image updated\n");
    await t.says(
      "set image deployments *=any:3 --all",
      "deployment.apps/two image updated\ndeployment.apps/web image updated\n",
    );
    await t.says(
      "get deployments -o jsonpath={.items[*].spec.template.spec.containers[0].image}",
      "any:3 any:3",
    );
    await t.fails("set image deployment/web x=y", 'error: unable to find container named "x"\n');
  }),

  row("set-env", "set env", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 0)) });
    await t.ok("create configmap conf --from-literal=key=value");
    await t.says("set env deployment/web A=1 B=2", "deployment.apps/web env updated\n");
    await t.warns(
      "set env deployment/web A- --from=configmap/conf --prefix=C_",
      "Warning: key key transferred to KEY\n",
    );
    await t.says(
      "set env deployment/web --list",
      "# Deployment web, container c\nB=2\n# C_KEY from configmap conf, key key\n",
    );
    await t.says("set env deployment/web --list --resolve", /^C_KEY=value$/m);
  }),

  row("set-resources", "set resources", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 0)) });
    await t.says(
      "set resources deployment web --limits=cpu=200m,memory=64Mi --requests=cpu=0.1",
      "deployment.apps/web resource requirements updated\n",
    );
    await t.says(
      "get deployment web -o jsonpath={.spec.template.spec.containers[0].resources}",
      '{"limits":{"cpu":"200m","memory":"64Mi"},"requests":{"cpu":"100m"}}',
    );
    await t.fails(
      "set resources deployment web --limits=cpu=50m",
      /Deployment\.apps "web" is invalid: spec\.template\.spec\.containers\[0\]\.resources\.requests: Invalid value: "100m": must be less than or equal to cpu limit of 50m\n$/,
    );
  }),

  row("set-selector", "set selector", async (t) => {
    await t.ok("create service clusterip s --tcp=80");
    await t.says("set selector service s app=web", "service/s selector updated\n");
    await t.says("get service s -o jsonpath={.spec.selector}", '{"app":"web"}');
  }),

  row("set-serviceaccount", "set serviceaccount", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 0)) });
    await t.says(
      "set serviceaccount deployment web robot",
      "deployment.apps/web serviceaccount updated\n",
    );
    await t.says(
      "get deployment web -o jsonpath={.spec.template.spec.serviceAccountName}",
      "robot",
    );
  }),

  row("set-subject", "set subject", async (t) => {
    await t.ok("create rolebinding b --clusterrole=view --user=jane");
    await t.says(
      `set subject rolebinding b --user=joe --serviceaccount=${t.namespace}:default`,
      "rolebinding.rbac.authorization.k8s.io/b subjects updated\n",
    );
    await t.says("get rolebinding b -o jsonpath={.subjects[*].name}", "jane joe default");
  }),
];

export const changeCases = [...editCases, ...patchCases, ...metadataCases, ...setCases];
