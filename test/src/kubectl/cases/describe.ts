// describe: each built-in kind, a case for each group of them.
import assert from "node:assert/strict";
import { minimalObjects } from "../../minimal-objects.ts";
import { casesOf } from "../case.ts";
import { documents } from "../manifests.ts";
import { signingRequest } from "../signing-request.ts";
import type { Terminal } from "../terminal.ts";

const row = casesOf("read");

/** Those that every cluster has already, or that change what others see. */
const EXISTING = ["Namespace", "APIService"];

const groupsOf: Record<string, RegExp> = {
  core: /^v1$/,
  apps: /^apps\//,
  "batch, autoscaling, policy": /^(batch|autoscaling|policy)\//,
  "networking, discovery, coordination": /^(networking|discovery|coordination)\./,
  rbac: /^rbac\./,
  storage: /^storage\./,
  resource: /^resource\./,
  admissionregistration: /^admissionregistration\./,
  "flowcontrol, node, scheduling": /^(flowcontrol|node)\.|^scheduling\.k8s\.io\/v1$/,
};

/** These kubectls describe a beta version only, which a server of 1.36 has no longer. */
const isAskedForInBeta = (kind: string, minor: number): boolean =>
  (kind === "IPAddress" && minor < 33) ||
  (kind === "ServiceCIDR" && minor < 33) ||
  (kind === "VolumeAttributesClass" && minor >= 30 && minor < 34);

async function describeAll(t: Terminal, versions: RegExp): Promise<void> {
  const objects = minimalObjects(t.name, t.namespace).filter(
    ({ apiVersion, kind }) =>
      versions.test(apiVersion) && !EXISTING.includes(kind) && !isAskedForInBeta(kind, t.minor),
  );
  t.write("all.yaml", documents(...objects));
  await t.ok("create -f all.yaml");
  const shown = await t.ok("describe -f all.yaml");
  const names = [...shown.matchAll(/^Name: +(\S+)$/gm)].map(([, name]) => name);
  for (const { kind, metadata } of objects) {
    assert.ok(names.includes(metadata?.name), `${kind} ${metadata?.name}: ${shown}`);
  }
  // Services and Ingresses mention others by their name as well.
  assert.ok(names.length >= objects.length, shown);
  await t.ok("delete -f all.yaml --wait=false");
}

const groupCases = Object.entries(groupsOf).map(([groups, versions]) =>
  row(`describe-group-${groups.split(",")[0]}`, `describe (${groups})`, (t) =>
    describeAll(t, versions),
  ),
);

const singleCases = [
  row("describe-pod", "describe pod", async (t) => {
    await t.ok("run web --image=web:1 --port=80 --env=A=1");
    await t.ok("wait --for=condition=Ready pod/web --timeout=30s");
    await t.soon(async () => assert.match(await t.ok("describe pod web"), /Started +/));
    const shown = await t.ok("describe pod web");
    assert.match(
      shown,
      /^Name: +web\nNamespace: +\S+\nPriority: +0\nService Account: +default\nNode: +node-\d+\/127\.0\.0\.1\n/,
    );
    assert.match(shown, /^Status: +Running\nIP: +10\.\S+\n/m);
    assert.match(shown, /^ {2}web:\n {4}Container ID: +\S+:\/\/\S+\n {4}Image: +web:1\n/m);
    assert.match(
      shown,
      /^ {4}State: +Running\n {6}Started: +.*\n {4}Ready: +True\n {4}Restart Count: +0\n/m,
    );
    assert.match(shown, /^Conditions:\n {2}Type +Status\n/m);
    assert.match(shown, /^QoS Class: +BestEffort\n/m);
    assert.match(
      shown,
      /^ {2}Normal +Scheduled +\S+( \S+)? +default-scheduler +Successfully assigned /m,
    );
    await t.ok("delete pod web --now");
    await t.fails("describe pod web", 'Error from server (NotFound): pods "web" not found\n');
  }),

  row("describe-deployment", "describe deployment", async (t) => {
    await t.ok("create deployment web --image=web:1 --replicas=1");
    await t.ok("rollout status deployment web --timeout=30s");
    await t.soon(async () => {
      assert.match(await t.ok("describe deployment web"), /Normal +ScalingReplicaSet/);
    });
    const shown = await t.ok("describe deployment web");
    assert.match(
      shown,
      /^Replicas: +1 desired \| 1 updated \| 1 total \| 1 available \| 0 unavailable$/m,
    );
    assert.match(shown, /^NewReplicaSet: +web-\w+ \(1\/1 replicas created\)$/m);
    await t.ok("delete deployment web");
  }),

  row("describe-node", "describe node", async (t) => {
    const shown = await t.ok("describe node node-1");
    assert.match(shown, /^Name: +node-1\nRoles: +<none>\n/);
    assert.match(shown, /^ {2}Ready +True +/m);
    assert.match(shown, /^Non-terminated Pods: +\(\d+ in total\)\n/m);
    assert.match(shown, /^Allocated resources:\n/m);
  }),

  row("describe-namespace", "describe namespace", async (t) => {
    await t.ok("create quota q --hard=pods=3");
    await t.soonSays("get quota q -o jsonpath={.status.hard.pods}", "3");
    const shown = await t.ok(`describe namespace ${t.namespace}`);
    assert.match(
      shown,
      /^Status: +Active\n\nResource Quotas\n {2}Name: +q\n {2}Resource +Used +Hard\n.*\n {2}pods +0 +3\n\nNo LimitRange resource\.\n$/m,
    );
  }),

  row("describe-service", "describe service", async (t) => {
    await t.ok("run web --image=web:1 --port=80 --expose");
    await t.ok("wait --for=condition=Ready pod/web --timeout=30s");
    const ip = await t.ok("get pod web -o jsonpath={.status.podIP}");
    await t.soon(async () => {
      const shown = await t.ok("describe service web");
      assert.match(shown, /^Type: +ClusterIP\n/m);
      assert.match(shown, new RegExp(`^Endpoints: +${ip}:80$`, "m"));
    });
    await t.ok("delete pod web --now");
  }),

  row("describe-apiservice", "describe apiservice", async (t) => {
    assert.match(
      await t.ok("describe apiservice v1.apps"),
      /^Name: +v1\.apps\n(.*\n)* +Group: +apps\n/,
    );
  }),

  row("describe-csr", "describe csr", async (t) => {
    await t.ok("create -f -", {
      input: documents({
        apiVersion: "certificates.k8s.io/v1",
        kind: "CertificateSigningRequest",
        metadata: { name: t.name },
        spec: {
          request: Buffer.from(signingRequest("someone").request).toString("base64"),
          signerName: "kubernetes.io/kube-apiserver-client",
          usages: ["client auth"],
        },
      }),
    });
    const shown = await t.ok(`describe csr ${t.name}`);
    assert.match(
      shown,
      /^Requesting User: +kubernetes-admin\n(.*\n)*Status: +Pending\nSubject:\n +Common Name: +someone\n/m,
    );
    await t.ok(`delete csr ${t.name}`);
  }),

  row("describe-selector", "describe -l, TYPE (all)", async (t) => {
    await t.ok("create configmap a");
    await t.ok("create configmap b");
    await t.ok("label configmap a x=y");
    const shown = await t.ok("describe configmaps -l x=y");
    assert.deepEqual(shown.match(/^Name: +\S+$/gm)?.length, 1);
    assert.match(await t.ok("describe configmaps"), /^Name: +a\n(.*\n)*Name: +b\n/);
  }),
];

export const describeCases = [...groupCases, ...singleCases];
