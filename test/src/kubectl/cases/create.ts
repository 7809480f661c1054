// create from files, run, expose, autoscale.
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { configMap, deployment, documents, list, pod } from "../manifests.ts";

const row = casesOf("create");

export const createCases = [
  row("create-file-yaml", "create -f pod.yaml", async (t) => {
    t.write(
      "pod.yaml",
      "# a Pod\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - {name: c, image: 'web:1'}\n",
    );
    await t.says("create -f pod.yaml", "pod/p created\n");
    await t.says("get pod p -o jsonpath={.spec.containers[0].image}", "web:1");
  }),

  row("create-file-json", "create -f map.json", async (t) => {
    t.write("map.json", configMap("m", { a: "1" }));
    await t.says("create -f map.json", "configmap/m created\n");
    await t.says("get configmap m -o jsonpath={.data.a}", "1");
  }),

  row("create-directory", "create -f DIR, -R", async (t) => {
    t.write("all/a.json", configMap("a", {}));
    t.write("all/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n");
    t.write("all/note.txt", "not a manifest");
    t.write("all/below/c.yml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
    await t.says("create -f all", "configmap/a created\nconfigmap/b created\n");
    await t.ok("delete configmap a b");
    await t.says(
      "create -f all -R",
      "configmap/a created\nconfigmap/b created\nconfigmap/c created\n",
    );
  }),

  row("create-stdin", "create -f -", async (t) => {
    const input = JSON.stringify(configMap("m", { from: "stdin" }));
    await t.says("create -f -", "configmap/m created\n", { input });
    await t.says("get configmap m -o jsonpath={.data}", '{"from":"stdin"}');
  }),

  row("create-url", "create -f http://…", async (t) => {
    const url = await t.serve({ "/map.json": JSON.stringify(configMap("m", {})) });
    await t.says(`create -f ${url}/map.json`, "configmap/m created\n");
    await t.fails(`create -f ${url}/nothing.json`, /unable to read URL .* status code=404/);
  }),

  row("create-documents", "create -f (several documents)", async (t) => {
    t.write("all.yaml", documents(configMap("a", {}), pod("p"), configMap("b", {})));
    await t.says("create -f all.yaml", "configmap/a created\npod/p created\nconfigmap/b created\n");
  }),

  row("create-list", "create -f (a List)", async (t) => {
    t.write("list.json", list(configMap("a", {}), configMap("b", {})));
    await t.says("create -f list.json", "configmap/a created\nconfigmap/b created\n");
    await t.fails(
      "create -f list.json",
      'Error from server (AlreadyExists): error when creating "list.json": configmaps "a" already exists\n' +
        'Error from server (AlreadyExists): error when creating "list.json": configmaps "b" already exists\n',
    );
  }),

  row("create-save-config", "create -f --save-config, --edit", async (t) => {
    t.write("map.json", configMap("m", { a: "1" }));
    await t.ok("create -f map.json --save-config");
    await t.says("apply view-last-applied configmap/m -o json", /"a": "1"/);
    const KUBE_EDITOR = t.script("edit.sh", "sed -i 's/name: m/name: edited/' $1");
    await t.says("create -f map.json --edit", "configmap/edited created\n", {
      env: { KUBE_EDITOR },
    });
  }),

  row("create-dry-run", "create --dry-run=client/server", async (t) => {
    t.write("pod.json", pod("p"));
    await t.says("create -f pod.json --dry-run=client", "pod/p created (dry run)\n");
    await t.says("create -f pod.json --dry-run=server", "pod/p created (server dry run)\n");
    const made = await t.ok("create -f pod.json --dry-run=server -o json");
    assert.equal(JSON.parse(made).spec.dnsPolicy, "ClusterFirst");
    await t.fails("get pod p", 'Error from server (NotFound): pods "p" not found\n');
  }),

  row("create-generate-name", "create -f (generateName)", async (t) => {
    t.write("map.json", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { generateName: "made-" },
    });
    const [first, second] = [
      await t.says("create -f map.json -o name", /^configmap\/made-[a-z0-9]{5}\n$/),
      await t.says("create -f map.json -o name", /^configmap\/made-[a-z0-9]{5}\n$/),
    ];
    assert.notEqual(first, second);
  }),

  row("create-raw", "create --raw", async (t) => {
    t.write("map.json", configMap("m", { a: "1" }));
    const path = `/api/v1/namespaces/${t.namespace}/configmaps`;
    await t.says(`create --raw ${path} -f map.json`, /^\{"kind":"ConfigMap","apiVersion":"v1",/);
    await t.says("get configmap m -o jsonpath={.data.a}", "1");
  }),

  row("run", "run", async (t) => {
    await t.says("run web --image=web:1 --port=80 --env=A=1 -l tier=front", "pod/web created\n");
    await t.says(
      "get pod web -o jsonpath='{.metadata.labels} {.spec.containers[0].env} {.spec.containers[0].ports[0].containerPort}'",
      '{"tier":"front"} [{"name":"A","value":"1"}] 80',
    );
    await t.says(
      "run job --image=busybox --restart=Never --command -- sleep 5",
      "pod/job created\n",
    );
    await t.says(
      "get pod job -o jsonpath='{.spec.restartPolicy} {.spec.containers[0].command}'",
      'Never ["sleep","5"]',
    );
    await t.says("run dry --image=i --dry-run=client -o name", "pod/dry\n");
  }),

  row("run-rm", "run --rm -i", async (t) => {
    const printed = await t.ok(
      "run once --image=busybox --restart=Never --rm -i -- sh -c 'cat; exit 0'",
      {
        input: "from stdin\n",
      },
    );
    assert.match(printed, /^from stdin\n/);
    assert.match(printed, /pod "once" deleted/);
    await t.fails("get pod once", 'Error from server (NotFound): pods "once" not found\n');
  }),

  row("run-exit-code", "run --rm -i (exit code)", async (t) => {
    await t.fails(
      "run once --image=busybox --restart=Never --rm -i -- sh -c 'exit 7'",
      /terminated \(Error\)\n$/,
      { code: 7 },
    );
  }),

  row("run-expose", "run --expose", async (t) => {
    await t.says(
      "run web --image=web:1 --port=80 --expose",
      "service/web created\npod/web created\n",
    );
    await t.says("get service web -o jsonpath={.spec.selector}", '{"run":"web"}');
  }),

  row("expose", "expose (pod, deployment, service)", async (t) => {
    await t.ok("create -f -", { input: documents(pod("p"), deployment("web", 1)) });
    await t.says("expose pod p --port=80", "service/p exposed\n");
    await t.says(
      "expose deployment web --name=front --port=8080 --target-port=http --type=NodePort",
      "service/front exposed\n",
    );
    await t.says(
      "get service front -o jsonpath='{.spec.type} {.spec.ports[0].port} {.spec.ports[0].targetPort} {.spec.selector}'",
      'NodePort 8080 http {"app":"web"}',
    );
    await t.says("expose service front --name=again --port=81", "service/again exposed\n");
    await t.fails(
      "expose pod p --name=none",
      /couldn't find port via --port flag or introspection/,
    );
  }),

  row("autoscale", "autoscale", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 1)) });
    // Newer ones add that --cpu is to be used.
    assert.equal(
      await t.ok("autoscale deployment web --min=2 --max=5 --cpu-percent=70"),
      "horizontalpodautoscaler.autoscaling/web autoscaled\n",
    );
    const hpa = await t.object<{ spec: Record<string, unknown> }>(
      "horizontalpodautoscalers.v1.autoscaling web",
    );
    assert.deepEqual(hpa.spec, {
      maxReplicas: 5,
      minReplicas: 2,
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      targetCPUUtilizationPercentage: 70,
    });
    const shown = await t.ok("get hpa web");
    assert.match(shown, /^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE\n/);
    assert.match(shown, /^web +Deployment\/web +cpu: <unknown>\/70% +2 +5 +0 /m);
  }),
];
