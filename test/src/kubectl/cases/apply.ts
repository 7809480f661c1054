// apply on the client's side, and what works with its annotation.
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { configMap, deployment, documents, pod } from "../manifests.ts";
import type { Terminal } from "../terminal.ts";

const row = casesOf("apply");
const labelled = (name: string) => configMap(name, { a: "1" }, { labels: { part: "of" } });
const dataOf = async (t: Terminal, name: string) =>
  (await t.object<{ data?: Record<string, string> }>(`configmap ${name}`)).data;

const clientSideCases = [
  row("apply-create", "apply (creates, leaves as it is)", async (t) => {
    t.write("web.json", deployment("web", 1));
    await t.says("apply -f web.json", "deployment.apps/web created\n");
    await t.says("apply -f web.json", "deployment.apps/web unchanged\n");
  }),

  row("apply-change", "apply (changes)", async (t) => {
    t.write("web.json", deployment("web", 1));
    await t.ok("apply -f web.json");
    await t.ok("label deployment web mine=yes");
    t.write("web.json", deployment("web", 1, "web:2"));
    await t.says("apply -f web.json", "deployment.apps/web configured\n");
    await t.says(
      "get deployment web -o jsonpath='{.spec.template.spec.containers[*].image} {.metadata.labels}'",
      'web:2 {"mine":"yes"}',
    );
  }),

  row("apply-remove-field", "apply (removes a field)", async (t) => {
    t.write("m.json", configMap("m", { a: "1", b: "2" }, { labels: { gone: "soon", stays: "y" } }));
    await t.ok("apply -f m.json");
    await t.ok('patch configmap m --type=merge -p \'{"data":{"c":"3"}}\'');
    t.write("m.json", configMap("m", { a: "1" }, { labels: { stays: "y" } }));
    await t.says("apply -f m.json", "configmap/m configured\n");
    assert.deepEqual(await dataOf(t, "m"), { a: "1", c: "3" });
    await t.says("get configmap m -o jsonpath={.metadata.labels}", '{"stays":"y"}');
  }),

  row("apply-list-merge", "apply (lists with keys)", async (t) => {
    const withPorts = (...ports: object[]) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "s" },
      spec: { ports },
    });
    const [http, https] = [
      { name: "http", port: 80 },
      { name: "https", port: 443 },
    ];
    t.write("s.json", withPorts(http, https));
    await t.ok("apply -f s.json");
    t.write("s.json", withPorts(https));
    await t.says("apply -f s.json", "service/s configured\n");
    await t.says("get service s -o jsonpath={.spec.ports[*].name}", "https");
  }),

  row("apply-adopts", "apply (on what create made)", async (t) => {
    t.write("m.json", configMap("m", { a: "1" }));
    await t.ok("create -f m.json");
    t.write("m.json", configMap("m", { a: "2" }));
    const missing =
      /^Warning: resource configmaps\/m is missing the kubectl\.kubernetes\.io\/last-applied-configuration annotation/;
    await t.warns("apply -f m.json", missing);
    assert.deepEqual(await dataOf(t, "m"), { a: "2" });
  }),

  row("apply-prune", "apply --prune -l", async (t) => {
    t.write("all.yaml", documents(labelled("a"), labelled("b")));
    await t.ok("apply -f all.yaml -l part=of");
    await t.ok("create configmap other");
    t.write("all.yaml", documents(labelled("a")));
    const printed = await t.ok(
      "apply -f all.yaml --prune -l part=of --prune-allowlist=core/v1/ConfigMap",
    );
    assert.equal(printed, "configmap/a unchanged\nconfigmap/b pruned\n");
    await t.says("get configmaps a other -o name", "configmap/a\nconfigmap/other\n");
    await t.fails("get configmap b", /not found/);
  }),

  row("apply-applyset", "apply --prune --applyset", async (t) => {
    const env = { KUBECTL_APPLYSET: "true" };
    const apply = "apply -f all.yaml --prune --applyset=configmap/set";
    const mine = `--namespace=${t.namespace}`;
    t.write("all.yaml", documents(configMap("a", {}), configMap("b", {})));
    assert.equal(
      await t.ok(`${apply} ${mine} --server-side`, { env }),
      "configmap/a serverside-applied\nconfigmap/b serverside-applied\n",
    );
    t.write("all.yaml", documents(configMap("a", {})));
    const second = await t.ok(`${apply} ${mine} --server-side`, { env });
    assert.equal(second, "configmap/a serverside-applied\nconfigmap/b pruned\n");
    await t.says(
      "get configmap a -o jsonpath={.metadata.labels}",
      /applyset\.kubernetes\.io\/part-of/,
    );
  }),

  row("apply-dry-run", "apply --dry-run=server/client", async (t) => {
    t.write("m.json", configMap("m", { a: "1" }));
    await t.says("apply -f m.json --dry-run=server", "configmap/m created (server dry run)\n");
    await t.fails("get configmap m", /not found/);
    await t.ok("apply -f m.json");
    t.write("m.json", configMap("m", { a: "2" }));
    await t.says("apply -f m.json --dry-run=server", "configmap/m configured (server dry run)\n");
    await t.says("apply -f m.json --dry-run=client", "configmap/m configured (dry run)\n");
    assert.deepEqual(await dataOf(t, "m"), { a: "1" });
  }),

  row("apply-view-last", "apply view-last-applied", async (t) => {
    t.write("m.json", configMap("m", { a: "1" }));
    await t.ok("apply -f m.json");
    const shown = await t.ok("apply view-last-applied configmap m -o json");
    assert.deepEqual(JSON.parse(shown).data, { a: "1" });
    await t.says("apply view-last-applied -f m.json -o yaml", /^ {2}a: "1"$/m);
  }),

  row("apply-edit-last", "apply edit-last-applied", async (t) => {
    t.write("m.json", configMap("m", { a: "1" }));
    await t.ok("apply -f m.json");
    const KUBE_EDITOR = t.script("edit.sh", 'sed -i \'s/a: "1"/a: "9"/\' $1');
    await t.says("apply edit-last-applied configmap/m", "configmap/m edited\n", {
      env: { KUBE_EDITOR },
    });
    await t.says("apply view-last-applied configmap/m", /a: "9"/);
    assert.deepEqual(await dataOf(t, "m"), { a: "1" });
  }),

  row("apply-set-last", "apply set-last-applied", async (t) => {
    t.write("m.json", configMap("m", { a: "1" }));
    await t.ok("create -f m.json");
    await t.fails("apply set-last-applied -f m.json", /no last-applied-configuration annotation/);
    await t.says(
      "apply set-last-applied -f m.json --create-annotation",
      "configmap/m configured\n",
    );
    await t.says("apply view-last-applied configmap/m -o json", /"a": "1"/);
  }),
];

const serverSideCases = [
  row("apply-server-side", "apply --server-side (managers)", async (t) => {
    t.write("m.json", configMap("m", { a: "1" }));
    await t.says("apply --server-side -f m.json", "configmap/m serverside-applied\n");
    await t.says(
      "get configmap m --show-managed-fields -o jsonpath='{.metadata.managedFields[0].manager} {.metadata.managedFields[0].operation} {.metadata.managedFields[0].fieldsV1}'",
      'kubectl Apply {"f:data":{"f:a":{}}}',
    );
    t.write("m.json", configMap("m", { b: "2" }));
    await t.ok("apply --server-side -f m.json");
    assert.deepEqual(await dataOf(t, "m"), { b: "2" });
  }),

  row("apply-server-side-conflict", "apply --server-side (conflict)", async (t) => {
    t.write("m.json", configMap("m", { a: "1" }));
    await t.ok("apply --server-side --field-manager=first -f m.json");
    t.write("m.json", configMap("m", { a: "2" }));
    await t.fails(
      "apply --server-side --field-manager=second -f m.json",
      /^error: Apply failed with 1 conflict: conflict with "first": \.data\.a\nPlease review the fields above/,
    );
    assert.deepEqual(await dataOf(t, "m"), { a: "1" });
  }),

  row("apply-force-conflicts", "apply --server-side --force-conflicts", async (t) => {
    t.write("m.json", configMap("m", { a: "1" }));
    await t.ok("apply --server-side --field-manager=first -f m.json");
    t.write("m.json", configMap("m", { a: "2" }));
    await t.says(
      "apply --server-side --field-manager=second --force-conflicts -f m.json",
      "configmap/m serverside-applied\n",
    );
    assert.deepEqual(await dataOf(t, "m"), { a: "2" });
    await t.says(
      "get configmap m --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}",
      "second",
    );
  }),

  row("apply-server-side-upgrade", "apply --server-side (after apply)", async (t) => {
    t.write("m.json", configMap("m", { a: "1", b: "2" }));
    await t.ok("apply -f m.json");
    t.write("m.json", configMap("m", { a: "1" }));
    await t.says("apply --server-side -f m.json", "configmap/m serverside-applied\n");
    assert.deepEqual(await dataOf(t, "m"), { a: "1" });
    await t.says(
      "get configmap m --show-managed-fields -o jsonpath='{.metadata.managedFields[*].manager} {.metadata.managedFields[*].operation}'",
      /^(kubectl kubectl-last-applied|kubectl-last-applied kubectl) Apply Apply$/,
    );
  }),

  row("apply-server-side-dry-run", "apply --server-side --dry-run=server", async (t) => {
    t.write("m.json", configMap("m", { a: "1" }));
    await t.says(
      "apply --server-side --dry-run=server -f m.json",
      "configmap/m serverside-applied (server dry run)\n",
    );
    await t.fails("get configmap m", /not found/);
  }),
];

const fileCases = [
  row("diff", "diff", async (t) => {
    t.write("m.json", configMap("m", { a: "1" }));
    await t.ok("apply -f m.json");
    await t.says("diff -f m.json", "");
    t.write("m.json", configMap("m", { a: "2" }));
    await t.says("diff -f m.json", /^- {2}a: "1"\n\+ {2}a: "2"$/m, { code: 1 });
    await t.says("diff --server-side --force-conflicts -f m.json", /^\+ {2}a: "2"$/m, { code: 1 });
    t.write("new.json", configMap("new", { b: "1" }));
    await t.says("diff -f new.json", /^\+ {2}name: new$/m, { code: 1 });
    assert.deepEqual(await dataOf(t, "m"), { a: "1" });
  }),

  row("replace", "replace", async (t) => {
    t.write("m.json", configMap("m", { a: "1" }));
    await t.ok("create -f m.json");
    t.write("m.json", configMap("m", { b: "2" }));
    await t.says("replace -f m.json", "configmap/m replaced\n");
    assert.deepEqual(await dataOf(t, "m"), { b: "2" });
    t.write("none.json", configMap("none", {}));
    await t.fails(
      "replace -f none.json",
      'Error from server (NotFound): error when replacing "none.json": configmaps "none" not found\n',
    );
    t.write("stale.json", configMap("m", { c: "3" }, { resourceVersion: "1" }));
    await t.fails(
      "replace -f stale.json",
      /^Error from server \(Conflict\): error when replacing "stale.json": Operation cannot be fulfilled on configmaps "m": the object has been modified; please apply your changes to the latest version and try again\n$/,
    );
  }),

  row("replace-force", "replace --force", async (t) => {
    t.write("p.json", pod("p"));
    await t.ok("create -f p.json");
    const before = await t.ok("get pod p -o jsonpath={.metadata.uid}");
    t.write("p.json", pod("p", { containers: [{ name: "other", image: "i" }] }));
    await t.fails(
      "replace -f p.json",
      /^The Pod "p" is invalid: spec: Forbidden: pod updates may not change fields other than/,
    );
    const said = await t.ok("replace --force -f p.json");
    assert.match(said, /^pod "p" deleted.*\npod\/p replaced\n$/);
    const after = await t.ok("get pod p -o jsonpath={.metadata.uid}");
    assert.notEqual(after, before);
  }),

  row("kustomize", "kustomize", async (t) => {
    writeKustomization(t);
    await t.says("kustomize .", /^apiVersion: v1\ndata:\n {2}a: "1"\nkind: ConfigMap\n/);
  }),

  row("apply-kustomize", "apply -k, delete -k", async (t) => {
    writeKustomization(t);
    await t.says("apply -k .", "configmap/pre-m created\nconfigmap/pre-made created\n");
    await t.says("get configmap pre-m -o jsonpath={.metadata.labels}", '{"from":"kustomize"}');
    await t.says("diff -k .", "");
    await t.ok("delete -k .");
    await t.fails("get configmap pre-m", /not found/);
  }),
];

function writeKustomization(t: Terminal): void {
  t.write("m.json", configMap("m", { a: "1" }));
  const lines = [
    "namePrefix: pre-",
    "labels: [{pairs: {from: kustomize}}]",
    "resources: [m.json]",
    "generatorOptions: {disableNameSuffixHash: true}",
    "configMapGenerator: [{name: made, literals: [b=2]}]",
  ];
  t.write("kustomization.yaml", `${lines.join("\n")}\n`);
}

export const applyCases = [...clientSideCases, ...serverSideCases, ...fileCases];
