// The controllers behind kubectl's rollout, wait and drain, with a real kubectl against a whole cluster.
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startCluster, type TestCluster } from "./harness/cluster.ts";
import { findKubectls, type Kubectl, kubectlRequirement, session } from "./harness/kubectl.ts";
import { describeWith } from "./requirement.ts";

const kubectls = findKubectls();
const STEP_MS_MAX = 90_000;
const soon = { timeout: 30_000, interval: 100 };

const template = (app: string, image = "nginx:1") => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image }] },
});
const object = (apiVersion: string, kind: string, name: string, spec: object): string =>
  JSON.stringify({ apiVersion, kind, metadata: { name }, spec });
const daemonSet = (name: string) =>
  object("apps/v1", "DaemonSet", name, {
    selector: { matchLabels: { app: name } },
    template: template(name),
  });
const statefulSet = (name: string, spec: object = {}) =>
  object("apps/v1", "StatefulSet", name, {
    serviceName: name,
    replicas: 3,
    selector: { matchLabels: { app: name } },
    template: template(name),
    ...spec,
  });
const job = (name: string, script: string, spec: object = {}) =>
  object("batch/v1", "Job", name, {
    ...spec,
    template: {
      spec: {
        restartPolicy: "Never",
        terminationGracePeriodSeconds: 1,
        containers: [{ name: "c", image: "busybox", command: ["sh", "-c", script] }],
      },
    },
  });
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

describeWith("workloads", [kubectlRequirement(kubectls)], () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster("--nodes", "3");
  }, STEP_MS_MAX);
  afterAll(() => cluster?.stop());

  /** A namespace of its own for each test. */
  async function inNamespace(namespace: string) {
    const kubectl = session(kubectls.at(-1) as Kubectl, cluster.kubeconfig, namespace);
    await kubectl.ok(`create namespace ${namespace}`);
    const read = async (what: string, path: string) =>
      kubectl.ok(`get ${what} -o jsonpath='${path}'`);
    const events = (kind: string, name: string) =>
      kubectl.ok(`events --for ${kind}/${name} --no-headers`);
    return { ...kubectl, read, events };
  }

  it("keeps a ReplicationController's Pods", { timeout: STEP_MS_MAX }, async () => {
    const { ok, read, events } = await inNamespace("rc");
    const spec = { replicas: 3, selector: { app: "rc" }, template: template("rc") };
    await ok("apply -f -", object("v1", "ReplicationController", "rc", spec));
    await ok("wait --for=jsonpath={.status.readyReplicas}=3 rc/rc --timeout=30s");
    await ok("scale rc rc --replicas=1");
    await vi.waitFor(async () => expect(words(await ok("get pods -o name"))).toHaveLength(1), soon);
    expect(await read("rc rc", "{.status.terminatingReplicas}")).toBe("");
    expect(await events("rc", "rc")).toMatch(/SuccessfulDelete.*Deleted pod: rc-/);
  });

  it("runs Jobs to their end, and says how they ended", { timeout: STEP_MS_MAX }, async () => {
    const { ok, read, events } = await inNamespace("jobs");
    const manifests = [
      job("plain", "echo done", { completions: 4, parallelism: 2 }),
      job("indexed", "echo $JOB_COMPLETION_INDEX", {
        completions: 3,
        parallelism: 3,
        completionMode: "Indexed",
      }),
      job("failing", "exit 3", { backoffLimit: 0 }),
      job("late", "sleep 1000", { activeDeadlineSeconds: 1 }),
      job("judged", "exit 42", {
        podFailurePolicy: {
          rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [42] } }],
        },
      }),
      job("quorum", "[ $JOB_COMPLETION_INDEX = 1 ] || sleep 1000", {
        completions: 3,
        parallelism: 3,
        completionMode: "Indexed",
        successPolicy: { rules: [{ succeededIndexes: "1" }] },
      }),
      job("partly", "exit $JOB_COMPLETION_INDEX", {
        completions: 2,
        parallelism: 2,
        completionMode: "Indexed",
        backoffLimitPerIndex: 0,
      }),
    ];
    await ok("apply -f -", manifests.join("\n---\n"));
    await ok("wait --for=condition=Complete job/plain job/indexed job/quorum --timeout=30s");
    await ok(
      "wait --for=condition=Failed job/failing job/late job/judged job/partly --timeout=30s",
    );
    const reason = (name: string) =>
      read(`job ${name}`, "{range .status.conditions[*]}{.type}:{.reason} {end}");
    expect(await reason("plain")).toBe(
      "SuccessCriteriaMet:CompletionsReached Complete:CompletionsReached ",
    );
    expect(await reason("failing")).toBe(
      "FailureTarget:BackoffLimitExceeded Failed:BackoffLimitExceeded ",
    );
    expect(await reason("late")).toBe("FailureTarget:DeadlineExceeded Failed:DeadlineExceeded ");
    expect(await reason("judged")).toBe("FailureTarget:PodFailurePolicy Failed:PodFailurePolicy ");
    expect(await reason("quorum")).toBe("SuccessCriteriaMet:SuccessPolicy Complete:SuccessPolicy ");
    expect(await reason("partly")).toBe("FailureTarget:FailedIndexes Failed:FailedIndexes ");
    expect(await read("job indexed", "{.status.completedIndexes}")).toBe("0-2");
    expect(await read("job partly", "{.status.completedIndexes}/{.status.failedIndexes}")).toBe(
      "0/1",
    );
    expect(await read("pods", "{.items[*].metadata.finalizers}")).toBe("");
    const log = await ok("logs -l batch.kubernetes.io/job-completion-index=2");
    expect(log).toBe("2\n");
    expect(await events("job", "plain")).toMatch(/Completed.*Job completed/);
    expect(await events("job", "failing")).toMatch(/Warning +BackoffLimitExceeded/);
  });

  it("suspends and resumes a Job, and deletes it in time", { timeout: STEP_MS_MAX }, async () => {
    const { ok, attempt, read, events } = await inNamespace("suspended");
    const spec = { suspend: true, ttlSecondsAfterFinished: 1 };
    await ok("apply -f -", job("slow", "sleep 1", spec));
    await ok("wait --for=condition=Suspended job/slow --timeout=30s");
    expect(await ok("get pods -o name")).toBe("");
    await ok(`patch job slow -p '{"spec":{"suspend":false}}'`);
    await ok("wait --for=condition=Complete job/slow --timeout=30s");
    expect(await read("job slow", '{.status.conditions[?(@.type=="Suspended")].status}')).toBe(
      "False",
    );
    expect(await events("job", "slow")).toMatch(/Resumed.*Job resumed/);
    await vi.waitFor(async () => expect((await attempt("get job slow")).code).toBe(1), soon);
  });

  it("rolls a DaemonSet out, back and with surge", { timeout: STEP_MS_MAX }, async () => {
    const { ok, read } = await inNamespace("daemons");
    const rolledOut = () => ok("rollout status ds/agent --timeout=60s");
    await ok("apply -f -", daemonSet("agent"));
    await rolledOut();
    const nodes = words(await read("pods", "{.items[*].spec.nodeName}"));
    expect(new Set(nodes).size).toBe(3);
    await ok("set image ds/agent c=nginx:2");
    await rolledOut();
    expect(await read("pods", "{.items[*].spec.containers[*].image}")).toBe(
      "nginx:2 nginx:2 nginx:2",
    );
    expect(await ok("rollout history ds/agent")).toMatch(/^1 .*\n2 /m);
    expect(await ok("rollout history ds/agent --revision=1")).toMatch(/Image:\s+nginx:1/);
    await ok("rollout undo ds/agent");
    await rolledOut();
    expect(await ok("rollout history ds/agent")).toMatch(/^2 .*\n3 /m);
    const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 };
    const patch = { spec: { updateStrategy: { rollingUpdate } } };
    await ok(`patch ds agent -p '${JSON.stringify(patch)}'`);
    await ok("rollout restart ds/agent");
    await rolledOut();
    const status = "{.status.numberAvailable}/{.status.desiredNumberScheduled}";
    expect(await read("ds agent", status)).toBe("3/3");
    const [node] = nodes;
    await ok(`taint node ${node} test=yes:NoExecute`);
    await ok("wait --for=jsonpath={.status.desiredNumberScheduled}=2 ds/agent --timeout=30s");
    await ok(`taint node ${node} test-`);
    await ok("wait --for=jsonpath={.status.numberReady}=3 ds/agent --timeout=30s");
  });

  it("starts, updates and scales a StatefulSet in order", { timeout: STEP_MS_MAX }, async () => {
    const { ok, read, events } = await inNamespace("ordered");
    const rolledOut = () => ok("rollout status sts/web --timeout=60s");
    await ok("apply -f -", statefulSet("web"));
    await rolledOut();
    expect(await read("pods", "{.items[*].metadata.name}")).toBe("web-0 web-1 web-2");
    expect(await read("pod web-1", "{.spec.hostname}.{.spec.subdomain}")).toBe("web-1.web");
    await ok("set image sts/web c=nginx:2");
    await rolledOut();
    expect(await ok("rollout history sts/web")).toMatch(/^1 .*\n2 /m);
    await ok("rollout undo sts/web");
    await rolledOut();
    expect(await read("pods", "{.items[*].spec.containers[*].image}")).toBe(
      "nginx:1 nginx:1 nginx:1",
    );
    await ok("scale sts web --replicas=1");
    await vi.waitFor(async () => expect(await ok("get pods -o name")).toBe("pod/web-0\n"), soon);
    const patch = {
      spec: {
        replicas: 3,
        updateStrategy: { rollingUpdate: { partition: 2 } },
        template: { metadata: { labels: { version: "3" } } },
      },
    };
    await ok(`patch sts web -p '${JSON.stringify(patch)}'`);
    expect(await rolledOut()).toMatch(/partitioned roll out complete: 1 new pods/);
    const versions = "{range .items[*]}{.metadata.name}={.metadata.labels.version} {end}";
    await vi.waitFor(async () => {
      expect(await read("pods", versions)).toBe("web-0= web-1= web-2=3 ");
    }, soon);
    expect(await events("sts", "web")).toMatch(/Create Pod web-0 in StatefulSet web successful/);
  });

  it("makes claims, and lets them go as the policy says", { timeout: STEP_MS_MAX }, async () => {
    const { ok, read } = await inNamespace("claims");
    const claim = {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    const spec = {
      replicas: 2,
      podManagementPolicy: "Parallel",
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete", whenScaled: "Retain" },
      volumeClaimTemplates: [claim],
    };
    await ok("apply -f -", statefulSet("db", spec));
    await vi.waitFor(async () => {
      expect(await ok("get pods,pvc -o name")).toBe(
        [
          "pod/db-0",
          "pod/db-1",
          "persistentvolumeclaim/data-db-0",
          "persistentvolumeclaim/data-db-1\n",
        ].join("\n"),
      );
    }, soon);
    const owners = "{.items[*].metadata.ownerReferences[*].kind}";
    await vi.waitFor(async () => {
      expect(await read("pvc", owners)).toBe("StatefulSet StatefulSet");
    }, soon);
    await ok("delete sts db");
    await vi.waitFor(async () => expect(await ok("get pods,pvc -o name")).toBe(""), soon);
  });

  it("drains a node within the disruption budget", { timeout: STEP_MS_MAX }, async () => {
    const { ok, attempt, read } = await inNamespace("budget");
    await ok("create deployment web --image=nginx --replicas=3");
    await ok("create pdb web --selector=app=web --min-available=3");
    await ok("rollout status deploy/web --timeout=30s");
    await ok("wait --for=jsonpath={.status.currentHealthy}=3 pdb/web --timeout=30s");
    expect(await read("pdb web", "{.status.disruptionsAllowed}")).toBe("0");
    const node = words(await read("pods", "{.items[*].spec.nodeName}"))[0];
    const drain = `drain ${node} --ignore-daemonsets --force --delete-emptydir-data --pod-selector=app=web`;
    const refused = await attempt(`${drain} --timeout=2s`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      "Cannot evict pod as it would violate the pod's disruption budget.",
    );
    await ok(`patch pdb web -p '{"spec":{"minAvailable":2}}'`);
    await ok("wait --for=jsonpath={.status.disruptionsAllowed}=1 pdb/web --timeout=30s");
    expect(await ok(`${drain} --timeout=60s`)).toMatch(/node\/\S+ drained/);
    await ok(`uncordon ${node}`);
    await ok("wait --for=condition=DisruptionAllowed pdb/web --timeout=30s");
  });

  it("keeps the endpoints of a Service", { timeout: STEP_MS_MAX }, async () => {
    const { ok, read } = await inNamespace("endpoints");
    await ok("create deployment web --image=nginx --replicas=2 --port=80");
    await ok("expose deployment web --port=80 --target-port=8080");
    await ok("rollout status deploy/web --timeout=30s");
    const addresses = words(await read("pods", "{.items[*].status.podIP}")).sort();
    await vi.waitFor(async () => {
      const slices = await read("endpointslices", "{.items[*].endpoints[*].addresses[0]}");
      expect(words(slices).sort()).toEqual(addresses);
      const endpoints = await read("endpoints web", "{.subsets[*].addresses[*].ip}");
      expect(words(endpoints).sort()).toEqual(addresses);
    }, soon);
    expect(await read("endpointslices", "{.items[*].ports[*].port}")).toBe("8080");
    expect(await ok("describe service web")).toContain(`${addresses[0]}:8080`);
    await ok("scale deploy web --replicas=0");
    await vi.waitFor(async () => {
      expect(await read("endpointslices", "{.items[*].endpoints[*].addresses}")).toBe("");
      expect(await read("endpoints web", "{.subsets}")).toBe("");
    }, soon);
    await ok("delete service web");
    await vi.waitFor(async () => {
      expect(await ok("get endpoints,endpointslices -o name")).toBe("");
    }, soon);
  });
});
