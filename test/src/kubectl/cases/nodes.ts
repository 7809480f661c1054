// cordon, uncordon, drain, taint.
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { daemonSet, deployment, documents, pod } from "../manifests.ts";
import type { Terminal } from "../terminal.ts";

const row = casesOf("nodes");

/** Runs on this node whatever its taints. */
const pinned = (node: string) => ({
  nodeSelector: { "kubernetes.io/hostname": node },
  tolerations: [{ key: "test.coracle.dev/reserved", operator: "Exists" }],
});

function pinnedWorkload<T extends { spec: { template: { spec: object } } }>(
  made: T,
  node: string,
): T {
  Object.assign(made.spec.template.spec, pinned(node));
  return made;
}

const pinnedDeployment = (node: string, replicas = 1) =>
  pinnedWorkload(
    deployment("web", replicas) as ReturnType<typeof deployment> & {
      spec: { template: { spec: object } };
    },
    node,
  );

const unschedulable = (node: string) => `get node ${node} -o jsonpath={.spec.unschedulable}`;

async function podName(t: Terminal): Promise<string> {
  return t.ok("get pods -o jsonpath={.items[0].metadata.name}");
}

export const nodeCases = [
  row("cordon", "cordon, uncordon", async (t) => {
    const node = await t.borrowNode();
    await t.says(`cordon ${node}`, `node/${node} cordoned\n`);
    await t.says(unschedulable(node), "true");
    await t.says(
      `get node ${node}`,
      /^NAME .*\nnode-\d+ +Ready,SchedulingDisabled +<none> +\d+[sm]\S* +v1\.36\.\S+\n$/,
    );
    await t.says(`cordon ${node}`, `node/${node} already cordoned\n`);
    await t.ok("create -f -", { input: documents(pod("p", pinned(node))) });
    await t.soonSays("get pod p -o jsonpath={.status.conditions[0].reason}", "Unschedulable");
    await t.says(`uncordon ${node}`, `node/${node} uncordoned\n`);
    await t.ok("wait --for=condition=Ready pod/p --timeout=30s");
    await t.says(`uncordon ${node}`, `node/${node} already uncordoned\n`);
    await t.ok("delete pod p --now");
    await t.fails("cordon none", /nodes "none" not found/);
  }),

  row("cordon-labels", "cordon -l, --dry-run", async (t) => {
    const node = await t.borrowNode();
    await t.says(
      `cordon -l kubernetes.io/hostname=${node} --dry-run=server`,
      `node/${node} cordoned (server dry run)\n`,
    );
    await t.says(unschedulable(node), "");
    await t.says(`cordon -l kubernetes.io/hostname=${node}`, `node/${node} cordoned\n`);
  }),

  row("drain", "drain", async (t) => {
    const node = await t.borrowNode();
    await t.ok("create -f -", { input: documents(pinnedDeployment(node)) });
    await t.ok("rollout status deployment web --timeout=30s");
    const name = await podName(t);
    const outcome = await t.run(`drain ${node} --timeout=30s`);
    assert.equal(
      outcome.stdout,
      `node/${node} cordoned\nevicting pod ${t.namespace}/${name}\npod/${name} evicted\nnode/${node} drained\n`,
    );
    assert.equal(outcome.code, 0);
    await t.fails(`get pod ${name}`, /not found/);
    await t.ok("delete deployment web");
  }),

  row("drain-budget", "drain (PodDisruptionBudget)", async (t) => {
    const node = await t.borrowNode();
    await t.ok("create -f -", { input: documents(pinnedDeployment(node)) });
    await t.ok("create pdb web --selector=app=web --min-available=1");
    await t.ok("rollout status deployment web --timeout=30s");
    await t.soonSays("get pdb web -o jsonpath={.status.currentHealthy}", "1");
    await t.fails(
      `drain ${node} --timeout=2s`,
      /error when evicting pods\/"\S+" -n "\S+" \(will retry after 5s\): Cannot evict pod as it would violate the pod's disruption budget\.\n/,
    );
    await t.ok('patch pdb web --type=merge -p \'{"spec":{"minAvailable":0}}\'');
    await t.soonSays("get pdb web -o jsonpath={.status.disruptionsAllowed}", "1");
    await t.says(`drain ${node} --timeout=30s`, /\nnode\/\S+ drained\n$/);
    await t.ok("delete deployment web");
  }),

  row("drain-daemonsets", "drain --ignore-daemonsets", async (t) => {
    const node = await t.borrowNode();
    const agents = daemonSet("agent") as ReturnType<typeof daemonSet> & {
      spec: { template: { spec: object } };
    };
    await t.ok("create -f -", { input: documents(pinnedWorkload(agents, node)) });
    await t.soonSays("get daemonset agent -o jsonpath={.status.numberAvailable}", "1");
    await t.fails(
      `drain ${node} --timeout=10s`,
      /cannot delete DaemonSet-managed Pods \(use --ignore-daemonsets to ignore\): \S+\/agent-\w+/,
    );
    await t.warns(
      `drain ${node} --timeout=10s --ignore-daemonsets`,
      /^Warning: ignoring DaemonSet-managed Pods: \S+\/agent-\w+\n$/,
    );
    await t.says("get daemonset agent -o jsonpath={.status.numberAvailable}", "1");
    await t.ok("delete daemonset agent");
  }),

  row("drain-force", "drain --force, --delete-emptydir-data", async (t) => {
    const node = await t.borrowNode();
    const bare = pod("p", { ...pinned(node), volumes: [{ name: "v", emptyDir: {} }] });
    await t.ok("create -f -", { input: documents(bare) });
    await t.ok("wait --for=condition=Ready pod/p --timeout=30s");
    await t.fails(
      `drain ${node}`,
      /Pods with local storage \(use --delete-emptydir-data to override\)/,
    );
    await t.fails(
      `drain ${node} --delete-emptydir-data`,
      /cannot delete .*Pods (that )?declare no controller \(use --force to override\): \S+\/p/,
    );
    await t.warns(
      `drain ${node} --delete-emptydir-data --force --timeout=30s`,
      /Warning: deleting Pods (that )?declare no controller: \S+\/p\n/,
    );
    await t.fails("get pod p", /not found/);
  }),

  row("drain-disable-eviction", "drain --disable-eviction", async (t) => {
    const node = await t.borrowNode();
    await t.ok("create -f -", { input: documents(pinnedDeployment(node)) });
    await t.ok("rollout status deployment web --timeout=30s");
    const name = await podName(t);
    await t.says(
      `drain ${node} --disable-eviction --timeout=30s`,
      `node/${node} cordoned\npod/${name} deleted\nnode/${node} drained\n`,
    );
    await t.ok("delete deployment web");
  }),

  row("taint", "taint", async (t) => {
    const node = await t.borrowNode();
    await t.says(`taint node ${node} a=b:NoSchedule`, `node/${node} tainted\n`);
    await t.fails(
      `taint node ${node} a=c:NoSchedule`,
      /already has a taint|already has a taints|node \S+ already has/,
    );
    await t.says(`taint node ${node} a=c:NoSchedule --overwrite`, `node/${node} modified\n`);
    await t.says(
      `get node ${node} -o jsonpath='{.spec.taints[?(@.key=="a")]}'`,
      '{"effect":"NoSchedule","key":"a","value":"c"}',
    );
    await t.says(`taint node ${node} a:NoSchedule-`, `node/${node} untainted\n`);
    await t.fails(`taint node ${node} a-`, /taint "a" not found/);
    await t.fails(
      `taint node ${node} a=b:Sometimes`,
      /invalid taint effect: Sometimes, unsupported taint effect/,
    );
  }),

  row("taint-evicts", "taint (NoExecute)", async (t) => {
    const node = await t.borrowNode();
    await t.ok("create -f -", { input: documents(pod("p", pinned(node))) });
    await t.ok("wait --for=condition=Ready pod/p --timeout=30s");
    await t.ok(`taint node ${node} gone=now:NoExecute`);
    await t.soon(() => t.fails("get pod p", /not found/));
  }),
];
