import type { Container, Pod } from "@coracle/shared/api/types/core-v1";
import { describe, expect, it } from "vitest";
import { containerHash } from "./container-hash.ts";
import type { ObservedContainer, ObservedPod, ObservedSandbox } from "./observed-pod.ts";
import { computeSyncPlan, type SyncPlan } from "./sync-plan.ts";

const container = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: `${name}:1`,
  ...more,
});
const sidecar = (name: string, more: Partial<Container> = {}): Container =>
  container(name, { restartPolicy: "Always", ...more });

const podOf = (spec: Partial<Pod["spec"]>): Pod => ({
  metadata: { name: "web", namespace: "default", uid: "u" } as Pod["metadata"],
  spec: { containers: [container("web")], restartPolicy: "Always", ...spec },
  status: {},
});

const ready: ObservedSandbox = {
  id: "sandbox",
  isReady: true,
  attempt: 0,
  ip: "10.0.0.2",
  createdAt: 1,
  hostNetwork: false,
};

function ran(of: Container, more: Partial<ObservedContainer>): ObservedContainer {
  return {
    id: `${of.name}-id`,
    name: of.name,
    sandboxId: "sandbox",
    state: "CONTAINER_RUNNING",
    hash: containerHash(of),
    restartCount: 0,
    createdAt: 1,
    startedAt: 1,
    finishedAt: 0,
    exitCode: 0,
    reason: "",
    message: "",
    image: "",
    imageRef: "",
    logPath: "",
    ...more,
  };
}

const running = (of: Container): ObservedContainer => ran(of, {});
const exited = (of: Container, exitCode: number): ObservedContainer =>
  ran(of, { state: "CONTAINER_EXITED", exitCode });

const observedOf = (...containers: ObservedContainer[]): ObservedPod => ({
  sandboxes: [ready],
  containers,
});

/** What a plan does, in few words. */
const told = (plan: SyncPlan) => ({
  ...(plan.killPod ? { killPod: true } : {}),
  ...(plan.createSandbox ? { sandbox: plan.attempt } : {}),
  ...(plan.containersToKill.length > 0
    ? { kill: plan.containersToKill.map(({ message }) => message) }
    : {}),
  ...(plan.initContainersToStart.length > 0
    ? { init: plan.initContainersToStart.map(({ name }) => name) }
    : {}),
  ...(plan.containersToStart.length > 0
    ? { start: plan.containersToStart.map(({ name }) => name) }
    : {}),
});

const web = container("web");
const log = container("log");
const first = container("first");
const second = container("second");
const proxy = sidecar("proxy");

const cases: [string, Pod, ObservedPod, object][] = [
  [
    "a new Pod gets a sandbox and all its containers",
    podOf({ containers: [web, log] }),
    { sandboxes: [], containers: [] },
    { killPod: true, sandbox: 0, start: ["web", "log"] },
  ],
  [
    "with init containers only the first one",
    podOf({ initContainers: [first, second] }),
    { sandboxes: [], containers: [] },
    { killPod: true, sandbox: 0, init: ["first"] },
  ],
  ["nothing to do while all run", podOf({}), observedOf(running(web)), {}],
  [
    "the next init container after one that ended well",
    podOf({ initContainers: [first, second] }),
    observedOf(exited(first, 0)),
    { init: ["second"] },
  ],
  [
    "waits for an init container that runs",
    podOf({ initContainers: [first, second] }),
    observedOf(running(first)),
    {},
  ],
  [
    "a failed init container again",
    podOf({ initContainers: [first] }),
    observedOf(exited(first, 1)),
    { init: ["first"] },
  ],
  [
    "a failed init container ends a Pod that is never restarted",
    podOf({ initContainers: [first], restartPolicy: "Never" }),
    observedOf(exited(first, 1)),
    { killPod: true },
  ],
  [
    "the containers after the last init container",
    podOf({ initContainers: [first] }),
    observedOf(exited(first, 0)),
    { start: ["web"] },
  ],
  [
    "a sidecar that runs lets the next init container start",
    podOf({ initContainers: [proxy, second] }),
    observedOf(running(proxy)),
    { init: ["second"] },
  ],
  [
    "a sidecar that ended is started again beside the containers",
    podOf({ initContainers: [proxy] }),
    observedOf(running(web), exited(proxy, 1)),
    { init: ["proxy"] },
  ],
  [
    "init containers are not run again once the containers have started",
    podOf({ initContainers: [first] }),
    observedOf(running(web)),
    {},
  ],
  [
    "restarts what ended, with Always",
    podOf({ containers: [web, log] }),
    observedOf(exited(web, 0), running(log)),
    { start: ["web"] },
  ],
  [
    "restarts only failures, with OnFailure",
    podOf({ containers: [web, log], restartPolicy: "OnFailure" }),
    observedOf(exited(web, 0), exited(log, 2)),
    { start: ["log"] },
  ],
  [
    "stops a Pod whose containers are all done",
    podOf({ restartPolicy: "Never", initContainers: [proxy] }),
    observedOf(exited(web, 1), running(proxy)),
    { killPod: true },
  ],
  [
    "a container's own policy comes first",
    podOf({ restartPolicy: "Never", containers: [container("web", { restartPolicy: "Always" })] }),
    observedOf(exited(web, 1)),
    { start: ["web"] },
  ],
  [
    "a rule for an exit code restarts",
    podOf({
      restartPolicy: "Never",
      containers: [
        container("web", {
          restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
        }),
      ],
    }),
    observedOf(exited(web, 42)),
    { start: ["web"] },
  ],
  [
    "another image restarts only that container",
    podOf({ containers: [container("web", { image: "web:2" }), log] }),
    observedOf(running(web), running(log)),
    { kill: ["Container web definition changed, will be restarted"], start: ["web"] },
  ],
  [
    "a lost sandbox is made again, and the Pod from the beginning",
    podOf({ initContainers: [first] }),
    { sandboxes: [{ ...ready, isReady: false }], containers: [exited(web, 137)] },
    { killPod: true, sandbox: 1, init: ["first"] },
  ],
  [
    "but not for a Pod that is never restarted",
    podOf({ restartPolicy: "Never" }),
    { sandboxes: [{ ...ready, isReady: false }], containers: [exited(web, 137)] },
    { killPod: true },
  ],
];

describe("sync plan", () => {
  it.each(cases)("%s", (_name, pod, observed, expected) => {
    expect(told(computeSyncPlan(pod, observed))).toEqual(expected);
  });

  it("kills and restarts a container that failed its liveness probe", () => {
    const plan = computeSyncPlan(podOf({}), observedOf(running(web)), {
      liveness: () => false,
      startup: () => undefined,
    });
    expect(told(plan)).toEqual({
      kill: ["Container web failed liveness probe, will be restarted"],
      start: ["web"],
    });
  });

  it("waits with the next init container for a sidecar's startup probe", () => {
    const probed = sidecar("proxy", { startupProbe: { exec: { command: ["true"] } } });
    const pod = podOf({ initContainers: [probed, second] });
    const startup = (result: boolean | undefined) =>
      told(
        computeSyncPlan(pod, observedOf(running(probed)), {
          liveness: () => undefined,
          startup: () => result,
        }),
      );
    expect(startup(undefined)).toEqual({});
    expect(startup(true)).toEqual({ init: ["second"] });
    expect(startup(false)).toEqual({
      kill: ["Init container proxy failed startup probe"],
      init: ["proxy"],
    });
  });
});
