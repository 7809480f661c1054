// What a user does, with every kubectl found: the README's session, and two examples of Pods that are more than one container.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { examplePath, startCluster, type TestCluster } from "../harness/cluster.ts";
import { findKubectls, kubectlRequirement, run, session } from "../harness/kubectl.ts";
import { describeWith } from "../requirement.ts";

const kubectls = findKubectls();
const STEP_MS_MAX = 60_000;
const soon = { timeout: 20_000, interval: 100 };

describeWith("kubectl", [kubectlRequirement(kubectls)], () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster("--nodes", "3");
  }, STEP_MS_MAX);
  afterAll(() => cluster?.stop());

  describe.each(kubectls)("$version", (kubectl) => {
    const namespace = `session-${kubectl.version.replace(/[^0-9a-z]+/g, "-")}`;
    const inNamespace = () => session(kubectl, cluster.kubeconfig, namespace);
    beforeAll(async () => {
      await inNamespace().ok(`create namespace ${namespace}`);
    });

    it(
      "takes a Deployment from apply to Running, up, over, back and away",
      async () => {
        const { ok } = inNamespace();
        expect(await ok(`apply -f ${examplePath("web.yaml")}`)).toBe(
          "deployment.apps/web created\n",
        );
        expect(await ok("rollout status deploy/web --timeout=30s")).toMatch(
          /deployment "web" successfully rolled out/,
        );
        const wide = await ok("get pods -o wide");
        expect(wide.match(/1\/1 +Running/g)).toHaveLength(3);
        expect(wide).toMatch(/NAME +READY +STATUS +RESTARTS +AGE +IP +NODE/);
        expect(await ok(`apply -f ${examplePath("web.yaml")}`)).toBe(
          "deployment.apps/web unchanged\n",
        );

        expect(await ok("scale deploy/web --replicas=5")).toBe("deployment.apps/web scaled\n");
        await ok("rollout status deploy/web --timeout=30s");
        expect(await ok("get deploy web -o jsonpath={.status.readyReplicas}")).toBe("5");

        expect(await ok("set image deploy/web web=web:2")).toMatch(
          /deployment.apps\/web image updated/,
        );
        await ok("rollout status deploy/web --timeout=30s");
        const images = "get pods -o jsonpath='{.items[*].spec.containers[*].image}'";
        await vi.waitFor(async () => {
          expect(await ok(images)).toBe(Array(5).fill("web:2").join(" "));
        }, soon);

        expect(await ok("rollout undo deploy/web")).toMatch(/deployment.apps\/web rolled back/);
        await ok("rollout status deploy/web --timeout=30s");
        await vi.waitFor(async () => {
          expect(await ok(images)).toBe(Array(5).fill("web:1").join(" "));
        }, soon);
        const history = await ok("rollout history deploy/web");
        expect(history).toMatch(/^2 /m);
        expect(history).toMatch(/^3 /m);

        expect(await ok("delete deploy web")).toMatch(/^deployment.apps "web" deleted/);
        await vi.waitFor(async () => {
          expect(await ok("get deploy,rs,pods -o name")).toBe("");
        }, soon);
      },
      STEP_MS_MAX,
    );

    it(
      "creates by protobuf, changes by each sort of patch, explains and describes",
      async () => {
        const { ok } = inNamespace();
        expect(await ok("create deployment api --image=api:1 --replicas=2")).toBe(
          "deployment.apps/api created\n",
        );
        await ok("rollout status deploy/api --timeout=30s");
        await ok("label deploy api tier=backend");
        await ok("annotate deploy api note=hello");
        await ok(`patch deploy api -p '{"spec":{"template":{"metadata":{"labels":{"v":"2"}}}}}'`);
        await ok(`patch deploy api --type=merge -p '{"spec":{"minReadySeconds":0}}'`);
        await ok(
          `patch deploy api --type=json -p '[{"op":"add","path":"/metadata/labels/j","value":"1"}]'`,
        );
        await ok("rollout status deploy/api --timeout=30s");
        expect(await ok("get deploy -l tier=backend,j=1 -o name")).toBe("deployment.apps/api\n");
        const description = await ok("describe deploy api");
        expect(description).toMatch(/Replicas: +2 desired \| 2 updated \| 2 total \| 2 available/);
        expect(description).toMatch(/ScalingReplicaSet/);
        expect(await ok("explain deployment.spec.strategy.rollingUpdate")).toMatch(/maxSurge/);
        await ok("delete deploy api --cascade=foreground");
        expect(await ok("get deploy,rs,pods -o name")).toBe("");
      },
      STEP_MS_MAX,
    );

    it(
      "reads logs and runs commands, with their exit codes",
      async () => {
        const { ok, attempt } = inNamespace();
        const script = "echo one; echo two >&2; sleep 3600";
        await ok(`run talker --image=busybox --restart=Never --command -- sh -c '${script}'`);
        await ok("wait --for=condition=Ready pod/talker --timeout=30s");
        await vi.waitFor(async () => expect(await ok("logs talker")).toBe("one\ntwo\n"), soon);
        expect(await ok("logs talker --tail=1")).toBe("two\n");
        expect(await ok("exec talker -- echo hello")).toBe("hello\n");
        expect(await ok("exec -i talker -- cat", "from stdin\n")).toBe("from stdin\n");
        const failed = await attempt("exec talker -- sh -c 'exit 3'");
        expect(failed).toMatchObject({ code: 3, stderr: "command terminated with exit code 3\n" });
        await ok("delete pod talker --now");
      },
      STEP_MS_MAX,
    );

    it(
      "runs the init container first and shares its files: WAR and Tomcat",
      async () => {
        const { ok } = inNamespace();
        await ok(`apply -f ${examplePath("war-tomcat.yaml")}`);
        await ok("wait --for=condition=Ready pod/javaweb --timeout=30s");
        expect(await ok("exec javaweb -c tomcat -- ls /root/apache-tomcat/webapps")).toBe(
          "sample.war\n",
        );
        const init =
          "get pod javaweb -o jsonpath='{.status.initContainerStatuses[0].state.terminated}'";
        expect(JSON.parse(await ok(init))).toMatchObject({ exitCode: 0, reason: "Completed" });
        await ok("delete pod javaweb --now");
      },
      STEP_MS_MAX,
    );

    it("says what is wrong as upstream does", async () => {
      const { attempt } = inNamespace();
      const bad = await attempt(
        "apply -f -",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i, imagee: x}]}\n",
      );
      expect(bad.code).toBe(1);
      expect(bad.stderr).toContain('unknown field "spec.containers[0].imagee"');
      const missing = await attempt("get pod nope");
      expect(missing).toMatchObject({
        code: 1,
        stderr: 'Error from server (NotFound): pods "nope" not found\n',
      });
      const negative = await attempt("create deployment d --image=i --replicas=-1");
      expect(negative.code).toBe(1);
      expect(negative.stderr).toMatch(/must be greater than or equal to 0|non-negative/);
    });
  });
});

describeWith("kubectl and a Pod that must be placed whole", [kubectlRequirement(kubectls)], () => {
  const kubectl = kubectls.at(-1) as (typeof kubectls)[number];
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster("--nodes", "2", "--node-memory", "2Gi");
  }, STEP_MS_MAX);
  afterAll(() => cluster?.stop());

  it(
    "waits whole while its node is cordoned, and lands whole on it",
    async () => {
      const { ok } = session(kubectl, cluster.kubeconfig, "default");
      const [nodeA, nodeB] = (await ok("get nodes -o jsonpath='{.items[*].metadata.name}'")).split(
        " ",
      );
      // Of its 2 GiB, Node_A has 1.25 GiB left.
      const filler = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "filler" },
        spec: {
          nodeName: nodeA,
          containers: [{ name: "c", image: "i", resources: { requests: { memory: "768Mi" } } }],
        },
      };
      await ok("apply -f -", JSON.stringify(filler));
      await ok(`cordon ${nodeB}`);
      await ok(`apply -f ${examplePath("app-logcollector.yaml")}`);
      const condition =
        "get pod app-logcollector -o jsonpath='{.status.conditions[?(@.type==\"PodScheduled\")].message}'";
      await vi.waitFor(async () => {
        expect(await ok(condition)).toBe(
          "0/2 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.",
        );
      }, soon);
      expect(
        await ok("get pod app-logcollector -o jsonpath={.status.phase}/{.spec.nodeName}"),
      ).toBe("Pending/");

      await ok(`uncordon ${nodeB}`);
      await ok("wait --for=condition=Ready pod/app-logcollector --timeout=30s");
      expect(await ok("get pod app-logcollector -o jsonpath={.spec.nodeName}")).toBe(nodeB);
      await vi.waitFor(async () => {
        expect(await ok("logs app-logcollector -c log-collector")).toMatch(/^request 1 served$/m);
      }, soon);
      const events = await run(kubectl, cluster.kubeconfig, [
        "events",
        "--for",
        "pod/app-logcollector",
      ]);
      expect(events.stdout).toMatch(/FailedScheduling/);
      expect(events.stdout).toMatch(/Successfully assigned default\/app-logcollector/);
    },
    STEP_MS_MAX,
  );
});
