// auth, certificate, impersonation, credentials, config.
import assert from "node:assert/strict";
import { join } from "node:path";
import { casesOf } from "../case.ts";
import { documents } from "../manifests.ts";
import { signingRequest } from "../signing-request.ts";
import type { Terminal } from "../terminal.ts";

const row = casesOf("identity");
const noRbac = "RBAC is not enforced yet";

/** A kubeconfig of this server without a user. */
async function anonymousConfig(t: Terminal): Promise<string> {
  const { clusters } = JSON.parse(await t.ok("config view --raw -o json"));
  const context = { name: "c", context: { cluster: clusters[0].name, user: "nobody" } };
  t.write("anonymous", {
    apiVersion: "v1",
    kind: "Config",
    clusters,
    contexts: [context],
    "current-context": "c",
    users: [],
  });
  return join(t.directory, "anonymous");
}

const readsPods = (t: Terminal) =>
  documents(
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "reader", namespace: t.namespace },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "reader", namespace: t.namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "jane" }],
    },
  );

const authCases = [
  row("can-i", "auth can-i", async (t) => {
    await t.says("auth can-i create pods", "yes\n");
    await t.warns(
      "auth can-i get none-such",
      /^Warning: the server doesn't have a resource type 'none-such'\n/,
    );
    await t.says("auth can-i get /healthz", "yes\n");
    await t.says("auth can-i create pods --quiet", "");
  }),

  row("can-i-list", "auth can-i --list", async (t) => {
    const shown = await t.ok("auth can-i --list");
    assert.match(shown, /^Resources +Non-Resource URLs +Resource Names +Verbs\n/);
    assert.match(shown, /^\*\.\* +\[\] +\[\] +\[\*\]$/m);
  }),

  row("can-i-as", "auth can-i --as (no)", async (t) => {
    await t.says("auth can-i create pods --as=jane", "no\n", { code: 1 });
    await t.says("auth can-i create pods --as=root --as-group=system:masters", "yes\n");
  }),

  row(
    "can-i-as-role",
    "auth can-i --as (by a Role)",
    async (t) => {
      await t.ok("create -f -", { input: readsPods(t) });
      await t.soonSays("auth can-i list pods --as=jane", "yes\n");
      await t.says("auth can-i delete pods --as=jane", "no\n", { code: 1 });
      assert.match(await t.ok("auth can-i --list --as=jane"), /^pods +\[\] +\[\] +\[get list\]$/m);
    },
    { notYet: noRbac },
  ),

  row(
    "whoami",
    "auth whoami",
    async (t) => {
      const shown = await t.ok("auth whoami");
      assert.match(
        shown,
        /^ATTRIBUTE +VALUE\nUsername +kubernetes-admin\nGroups +\[system:masters system:authenticated\]\n/,
      );
      const review = JSON.parse(await t.ok("auth whoami -o json"));
      assert.equal(review.status.userInfo.username, "kubernetes-admin");
    },
    { since: 28 },
  ),

  row("reconcile", "auth reconcile", async (t) => {
    t.write("access.yaml", readsPods(t));
    const first = await t.run("auth reconcile -f access.yaml");
    const reconciled = (kind: string) => `${kind}.rbac.authorization.k8s.io/reader reconciled\n`;
    assert.equal(first.stdout, reconciled("role") + reconciled("rolebinding"));
    assert.match(first.stderr, /reconciliation required create\n\tmissing rules added:\n/);
    await t.ok('patch role reader --type=json -p \'[{"op":"remove","path":"/rules/0/verbs/1"}]\'');
    await t.warns(
      "auth reconcile -f access.yaml",
      /reconciliation required update\n\tmissing rules added:\n/,
    );
    await t.says("get role reader -o jsonpath={.rules[*].verbs}", /list/);
  }),
];

async function request(t: Terminal): Promise<{ name: string; key: string }> {
  const { request: pem, key } = signingRequest(t.name);
  await t.ok("create -f -", {
    input: documents({
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name: t.name },
      spec: {
        request: Buffer.from(pem).toString("base64"),
        signerName: "kubernetes.io/kube-apiserver-client",
        usages: ["client auth"],
      },
    }),
  });
  return { name: t.name, key };
}

const certificateCases = [
  row("certificate-approve", "certificate approve", async (t) => {
    const { name } = await request(t);
    await t.says(
      `get csr ${name}`,
      /^NAME +AGE +SIGNERNAME .*\n\S+ +\d+s +kubernetes\.io\/kube-apiserver-client +kubernetes-admin +<none> +Pending\n$/,
    );
    await t.says(
      `certificate approve ${name}`,
      `certificatesigningrequest.certificates.k8s.io/${name} approved\n`,
    );
    await t.says(`get csr ${name}`, / +Approved(,Issued)?\n$/);
    await t.says(
      `get csr ${name} -o jsonpath='{.status.conditions[0].type} {.status.conditions[0].reason}'`,
      "Approved KubectlApprove",
    );
    await t.ok(`delete csr ${name}`);
  }),

  row("certificate-deny", "certificate deny", async (t) => {
    const { name } = await request(t);
    await t.says(
      `certificate deny ${name}`,
      `certificatesigningrequest.certificates.k8s.io/${name} denied\n`,
    );
    await t.says(`get csr ${name}`, / +Denied\n$/);
    await t.fails(
      `certificate approve ${name}`,
      /is already Denied|Approved and Denied conditions are mutually exclusive/,
    );
    await t.ok(`delete csr ${name}`);
  }),

  row(
    "certificate-issued",
    "certificate approve (issued, used)",
    async (t) => {
      const anonymous = await anonymousConfig(t);
      const { name, key } = await request(t);
      await t.ok(`certificate approve ${name}`);
      await t.soonSays(`get csr ${name} -o jsonpath={.status.certificate}`, /^LS0t/);
      const issued = await t.ok(`get csr ${name} -o jsonpath={.status.certificate}`);
      t.write("user.crt", Buffer.from(issued, "base64").toString());
      t.write("user.key", key);
      await t.fails(
        `get pods --kubeconfig=${anonymous} --client-certificate=user.crt --client-key=user.key`,
        new RegExp(
          `^Error from server \\(Forbidden\\): pods is forbidden: User "${name}" cannot list`,
        ),
      );
      await t.ok(`delete csr ${name}`);
    },
    { notYet: "nothing signs certificates yet" },
  ),
];

const asCases = [
  row("as", "--as (refused)", async (t) => {
    await t.fails(
      "get pods --as=jane",
      `Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "${t.namespace}"\n`,
    );
    await t.fails(
      "get nodes --as=jane",
      'Error from server (Forbidden): nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope\n',
    );
    await t.fails(
      "delete pod p --as=jane",
      `Error from server (Forbidden): pods "p" is forbidden: User "jane" cannot delete resource "pods" in API group "" in the namespace "${t.namespace}"\n`,
    );
  }),

  row(
    "as-role",
    "--as (allowed by a Role)",
    async (t) => {
      await t.ok("create -f -", { input: readsPods(t) });
      await t.soon(() => t.warns("get pods --as=jane", /^No resources found/));
      await t.fails("delete pod p --as=jane", /^Error from server \(Forbidden\)/);
    },
    { notYet: noRbac },
  ),

  row(
    "as-group",
    "--as-group, --as-uid",
    async (t) => {
      await t.warns("get pods --as=jane --as-group=system:masters", /^No resources found/);
      const shown = await t.ok(
        "auth whoami --as=jane --as-group=system:masters --as-uid=1234 -o json",
      );
      const { username, uid, groups } = JSON.parse(shown).status.userInfo;
      assert.deepEqual(
        [username, uid, groups],
        ["jane", "1234", ["system:masters", "system:authenticated"]],
      );
    },
    { since: 28 },
  ),

  row(
    "token",
    "--token",
    async (t) => {
      const anonymous = await anonymousConfig(t);
      await t.ok("create serviceaccount robot");
      const token = (await t.ok("create token robot")).trim();
      const shown = await t.ok(`auth whoami --kubeconfig=${anonymous} --token=${token} -o json`);
      assert.equal(
        JSON.parse(shown).status.userInfo.username,
        `system:serviceaccount:${t.namespace}:robot`,
      );
      await t.fails(
        `get pods --kubeconfig=${anonymous} --token=${token}`,
        `Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:${t.namespace}:robot" cannot list resource "pods" in API group "" in the namespace "${t.namespace}"\n`,
      );
      await t.fails(
        `get pods --kubeconfig=${anonymous} --token=wrong`,
        "error: You must be logged in to the server (Unauthorized)\n",
      );
    },
    { since: 28 },
  ),

  row("client-certificate", "--client-certificate, --client-key", async (t) => {
    const anonymous = await anonymousConfig(t);
    const { users } = JSON.parse(await t.ok("config view --raw -o json"));
    const decoded = (name: string) => Buffer.from(users[0].user[name], "base64").toString();
    t.write("admin.crt", decoded("client-certificate-data"));
    t.write("admin.key", decoded("client-key-data"));
    await t.warns(
      `get pods --kubeconfig=${anonymous} --client-certificate=admin.crt --client-key=admin.key`,
      /^No resources found/,
    );
    await t.fails(
      `get pods --kubeconfig=${anonymous} --client-certificate=admin.crt --client-key=none.key`,
      /none\.key: no such file or directory/,
    );
  }),
];

const configCases = [
  row("config", "config set-cluster/-credentials/-context, use-context", async (t) => {
    const { clusters } = JSON.parse(await t.ok("config view --raw -o json"));
    const { server } = clusters[0].cluster;
    const authority = Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64");
    t.write("ca.crt", authority.toString());
    const config = (command: string) => t.ok(`config ${command} --kubeconfig=made`);
    assert.equal(
      await config(
        `set-cluster here --server=${server} --certificate-authority=ca.crt --embed-certs`,
      ),
      'Cluster "here" set.\n',
    );
    await t.ok("create serviceaccount robot");
    const token = (await t.ok("create token robot")).trim();
    assert.equal(await config(`set-credentials robot --token=${token}`), 'User "robot" set.\n');
    assert.equal(
      await config("set-context mine --cluster=here --user=robot --namespace=else"),
      'Context "mine" created.\n',
    );
    assert.equal(await config("use-context mine"), 'Switched to context "mine".\n');
    await t.fails(
      "get pods --kubeconfig=made",
      new RegExp(`User "system:serviceaccount:${t.namespace}:robot" cannot list resource "pods"`),
    );
  }),

  row("config-read", "config view, get-contexts, current-context, …", async (t) => {
    t.write("two", {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "u", user: { token: "secret" } }],
      contexts: [
        { name: "a", context: { cluster: "c", user: "u", namespace: "n" } },
        { name: "b", context: { cluster: "c", user: "u" } },
      ],
      "current-context": "a",
    });
    const config = (command: string) => t.ok(`config ${command} --kubeconfig=two`);
    assert.equal(await config("current-context"), "a\n");
    assert.match(
      await config("get-contexts"),
      /^CURRENT +NAME +CLUSTER +AUTHINFO +NAMESPACE\n\* +a +c +u +n\n +b +c +u +\n$/,
    );
    assert.equal(await config("get-clusters"), "NAME\nc\n");
    assert.match(await config("view --minify"), /token: REDACTED/);
    assert.equal(await config("rename-context b z"), 'Context "b" renamed to "z".\n');
    assert.match(await config("delete-context z"), /^deleted context z from /);
    assert.equal(
      await config("set contexts.a.namespace other"),
      'Property "contexts.a.namespace" set.\n',
    );
    assert.match(await config("view -o jsonpath={.contexts[*].context.namespace}"), /^other$/);
  }),
];

export const identityCases = [...authCases, ...certificateCases, ...asCases, ...configCases];
