// What is refused, and how kubectl says so.
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { configMap, deployment, documents, pod } from "../manifests.ts";
import type { Terminal } from "../terminal.ts";

const row = casesOf("errors");

const misspelt = documents({
  ...pod("p"),
  spec: { containers: [{ name: "c", image: "i", imagee: "x" }] },
});

const bodyCases = [
  row("unknown-strict", "unknown field (--validate=strict)", async (t) => {
    await t.fails(
      "create -f -",
      'Error from server (BadRequest): error when creating "STDIN": Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagee"\n',
      { input: misspelt },
    );
    await t.fails("get pod p", /not found/);
  }),

  row("unknown-warn", "unknown field (--validate=warn)", async (t) => {
    await t.warns(
      "create -f - --validate=warn",
      'Warning: unknown field "spec.containers[0].imagee"\n',
      { input: misspelt },
    );
    await t.ok("get pod p");
  }),

  row("unknown-ignore", "unknown field (--validate=ignore)", async (t) => {
    await t.says("create -f - --validate=ignore", "pod/p created\n", { input: misspelt });
  }),

  row("wrong-type", "wrong type", async (t) => {
    t.write("web.json", { ...deployment("web"), spec: { replicas: "two" } });
    await t.fails(
      "create -f web.json",
      'Error from server (BadRequest): error when creating "web.json": Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32\n',
    );
  }),

  row("missing-required", "missing required field", async (t) => {
    t.write("p.json", { ...pod("p"), spec: { containers: [{ image: "i" }] } });
    await t.fails(
      "create -f p.json",
      'The Pod "p" is invalid: spec.containers[0].name: Required value\n',
    );
    t.write("web.json", {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: {},
    });
    const { stderr, code } = await t.run("create -f web.json");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^The Deployment "web" is invalid: \n\* spec\.selector: Required value\n\* spec\.template\.metadata\.labels: Invalid value: (null|\{\}): `selector` does not match template `labels`\n\* spec\.template\.spec\.containers: Required value\n$/,
    );
  }),

  row("duplicate-key", "duplicate key", async (t) => {
    const input =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n  a: '1'\n  a: '2'\n";
    // kubectl makes JSON of YAML before it asks, and takes the last.
    await t.says("create -f -", "configmap/m created\n", { input });
    await t.says("get configmap m -o jsonpath={.data.a}", "2");
    await t.ok("delete configmap m");
    t.write(
      "m.json",
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"a":"1","a":"2"}}',
    );
    const path = `/api/v1/namespaces/${t.namespace}/configmaps?fieldValidation=Strict`;
    await t.fails(
      `create --raw ${path} -f m.json`,
      'Error from server (BadRequest): ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a"\n',
    );
  }),

  row(
    "no-kind",
    "unknown kind, unknown version",
    async (t) => {
      const missing =
        /^error: resource mapping not found for name: "m" namespace: "" from "m\.json": no matches for kind "Gizmo" in version "v1"\nensure CRDs are installed first\n$/;
      t.write("m.json", { ...configMap("m", {}), kind: "Gizmo" });
      await t.fails("create -f m.json", missing);
    },
    { notYet: "custom resources are not built yet: newer kubectls ask for them first" },
  ),

  row("bad-yaml", "not YAML", async (t) => {
    t.write("bad.yaml", "apiVersion: v1\nkind: ConfigMap\n  metadata: x\n");
    await t.fails(
      "create -f bad.yaml",
      /error parsing bad\.yaml: error converting YAML to JSON: yaml: line \d+: mapping values are not allowed in this context\n$/,
    );
  }),

  row("invalid-name", "invalid name", async (t) => {
    await t.fails(
      "create configmap Not_Good",
      /^error: failed to create configmap: ConfigMap "Not_Good" is invalid: metadata\.name: Invalid value: "Not_Good": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '\.', and must start and end with an alphanumeric character \(e\.g\. 'example\.com', regex used for validation is '.*'\)\n$/,
    );
  }),
];

const stateCases = [
  row("immutable-field", "immutable field", async (t) => {
    t.write("web.json", deployment("web", 0));
    await t.ok("apply -f web.json");
    const changed = deployment("web", 0) as unknown as {
      spec: { selector: object; template: { metadata: { labels: object } } };
    };
    changed.spec.selector = { matchLabels: { app: "other" } };
    changed.spec.template.metadata.labels = { app: "other" };
    t.write("web.json", changed);
    await t.fails(
      "apply -f web.json",
      'The Deployment "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable\n',
    );
  }),

  row("immutable-object", "immutable ConfigMap", async (t) => {
    t.write("m.json", { ...configMap("m", { a: "1" }), immutable: true });
    await t.ok("create -f m.json");
    await t.fails(
      'patch configmap m -p \'{"data":{"a":"2"}}\'',
      'The ConfigMap "m" is invalid: data: Forbidden: field is immutable when `immutable` is set\n',
    );
  }),

  row("conflict", "conflict", async (t) => {
    await t.ok("create configmap m");
    const stale = JSON.stringify(await t.object("configmap m"));
    await t.ok("label configmap m a=b");
    await t.fails(
      "replace -f -",
      'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on configmaps "m": the object has been modified; please apply your changes to the latest version and try again\n',
      { input: stale },
    );
  }),

  row("not-found", "not found", async (t) => {
    await t.fails("get pod none", 'Error from server (NotFound): pods "none" not found\n');
    await t.fails(
      "delete deployment none",
      'Error from server (NotFound): deployments.apps "none" not found\n',
    );
    await t.fails(
      "create configmap m -n none-such",
      'error: failed to create configmap: namespaces "none-such" not found\n',
    );
  }),

  row("already-exists", "already exists", async (t) => {
    await t.ok("create configmap m");
    await t.fails(
      "create configmap m",
      'error: failed to create configmap: configmaps "m" already exists\n',
    );
    t.write("m.json", configMap("m", {}));
    await t.fails(
      "create -f m.json",
      'Error from server (AlreadyExists): error when creating "m.json": configmaps "m" already exists\n',
    );
  }),

  row("forbidden", "forbidden", async (t) => {
    t.write("p.json", pod("p"));
    await t.fails(
      "create -f p.json --as=jane",
      `Error from server (Forbidden): error when creating "p.json": pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "${t.namespace}"\n`,
    );
    await t.fails(
      "get --raw /metrics --as=jane",
      'Error from server (Forbidden): forbidden: User "jane" cannot get path "/metrics"\n',
    );
  }),

  row("terminating-namespace", "namespace that is being deleted", async (t) => {
    const name = `${t.name}-gone`;
    await t.ok(`create namespace ${name}`);
    const held = configMap("m", {}, { finalizers: ["test.coracle.dev/hold"] });
    await t.ok(`create -f - -n ${name}`, { input: documents(held) });
    await t.ok(`delete namespace ${name} --wait=false`);
    await t.fails(
      `create configmap n -n ${name}`,
      `error: failed to create configmap: configmaps "n" is forbidden: unable to create new content in namespace ${name} because it is being terminated\n`,
    );
    await t.ok(`patch configmap m -n ${name} --type=merge -p '{"metadata":{"finalizers":null}}'`);
  }),

  row("quota-exceeded", "quota exceeded", async (t) => {
    await t.ok("create quota q --hard=configmaps=3");
    await t.soonSays("get quota q -o jsonpath={.status.hard.configmaps}", "3");
    await t.soonSays("get quota q -o jsonpath={.status.used.configmaps}", "1");
    await t.ok("create configmap a");
    await t.ok("create configmap b");
    await t.fails(
      "create configmap c",
      'error: failed to create configmap: configmaps "c" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=3, limited: configmaps=3\n',
    );
  }),
];

const forgotten = new Map<string, Promise<void>>();
const BIG = "x".repeat(900_000);
const WRITES = 45;

/** History in memory is bounded by bytes: writes so much that the beginning is gone. Once for each server. */
function forgetBeginning(t: Terminal): Promise<void> {
  const known = forgotten.get(t.kubeconfig);
  if (known !== undefined) return known;
  const maps = t.client.for("configmaps");
  const write = async () => {
    await maps.create({ metadata: { name: "big", namespace: t.namespace } }, t.namespace);
    for (let n = 0; n < WRITES; n++) {
      await maps.patch("big", { data: { big: `${n}${BIG}` } }, { namespace: t.namespace });
    }
  };
  const written = write();
  forgotten.set(t.kubeconfig, written);
  return written;
}

const versionCases = [
  row("too-old-version", "resource version too old", async (t) => {
    await forgetBeginning(t);
    const path = `/api/v1/namespaces/${t.namespace}/configmaps`;
    await t.soon(() =>
      t.fails(
        `get --raw ${path}?resourceVersion=2&resourceVersionMatch=Exact`,
        "Error from server (Expired): The resourceVersion for the provided list is too old.\n",
      ),
    );
    await t.says(
      `get --raw ${path}?resourceVersion=2&watch=true&timeoutSeconds=1`,
      /^\{"type":"ERROR","object":\{"kind":"Status","apiVersion":"v1","metadata":\{\},"status":"Failure","message":"too old resource version: 2 \(\d+\)","reason":"Expired","code":410\}\}\n$/,
    );
  }),

  row("gone-continue", "continue token too old", async (t) => {
    await forgetBeginning(t);
    const path = `/api/v1/namespaces/${t.namespace}/configmaps`;
    const token = Buffer.from('{"v":"meta.k8s.io/v1","rv":2,"start":"a"}').toString("base64url");
    await t.soon(() =>
      t.fails(
        `get --raw ${path}?limit=1&continue=${token}`,
        /^Error from server \(Expired\): The provided continue parameter is too old to display a consistent list result\. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results\. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list\.\n$/,
      ),
    );
    await t.fails(
      `get --raw ${path}?limit=1&continue=nonsense`,
      /^Error from server \(BadRequest\): (invalid continue token: )?continue key is not valid: .*\n$/,
    );
  }),
];

export const errorCases = [...bodyCases, ...stateCases, ...versionCases];
