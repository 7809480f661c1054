import type {
  ControllerRevision,
  StatefulSet,
  StatefulSetSpec,
} from "@coracle/shared/api/types/apps-v1";
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { describe, expect, it } from "vitest";
import { revisionData } from "../history/revisions.ts";
import { type PodFacts, pod, START } from "../replicaset/fixture.ts";
import { REVISION_LABEL } from "./members.ts";
import { planSet } from "./plan.ts";
import { computeStatus } from "./status.ts";

const template = (image: string) => ({ spec: { containers: [{ name: "c", image }] } });
const metadata = (name: string) => ({
  name,
  namespace: "default",
  uid: `uid-${name}`,
  resourceVersion: "1",
  generation: 1,
  creationTimestamp: "",
});
const revision = (name: string, image: string): ControllerRevision => ({
  metadata: metadata(name),
  data: revisionData(template(image)),
  revision: 1,
});
const revisions = { current: revision("old", "1"), update: revision("new", "2") };
const set = (spec: Partial<StatefulSetSpec> = {}): StatefulSet => ({
  kind: "StatefulSet",
  apiVersion: "apps/v1",
  metadata: metadata("web"),
  spec: {
    replicas: 3,
    selector: {},
    template: template("2"),
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
    ...spec,
  },
  status: { replicas: 0 },
});
const READY: PodFacts = { readySince: 1 };
const member = (ordinal: number, facts: PodFacts = READY, of = "new"): Pod =>
  pod(`web-${ordinal}`, {
    labels: {
      [REVISION_LABEL]: of,
      "statefulset.kubernetes.io/pod-name": `web-${ordinal}`,
    },
    ...facts,
  });
const steps = (subject: StatefulSet, pods: Pod[]): string[] =>
  planSet(subject, revisions, pods, START + 60_000)
    .steps.filter(({ type }) => type !== "repair")
    .map(({ type, pod: { metadata } }) => `${type} ${metadata.name}`);

describe("an ordered StatefulSet", () => {
  it("starts one Pod after the other", () => {
    expect(steps(set(), [])).toEqual(["create web-0"]);
    expect(steps(set(), [member(0, {})])).toEqual([]);
    expect(steps(set(), [member(0)])).toEqual(["create web-1"]);
    expect(steps(set({ ordinals: { start: 5 } }), [])).toEqual(["create web-5"]);
  });

  it("replaces a Pod that has ended, once it is gone", () => {
    expect(steps(set(), [member(0, { phase: "Failed" }), member(1)])).toEqual(["delete web-0"]);
    expect(steps(set(), [member(0, { ...READY, deleting: true }), member(1)])).toEqual([]);
  });

  it("scales down from the end, while all others are available", () => {
    const pods = [0, 1, 2, 3].map((ordinal) => member(ordinal));
    const one = set({ replicas: 1 });
    expect(steps(one, pods)).toEqual(["delete web-3"]);
    expect(steps(one, [...pods.slice(0, 3), member(3, { deleting: true })])).toEqual([]);
    expect(steps(one, [member(0), member(1, {}), member(2)])).toEqual(["delete web-2"]);
    expect(steps(one, [member(0), member(1, {}), member(2, {})])).toEqual([]);
  });

  it("updates from the end, down to the partition", () => {
    const old = [0, 1, 2].map((ordinal) => member(ordinal, READY, "old"));
    expect(steps(set(), old)).toEqual(["delete web-2"]);
    expect(steps(set(), [...old.slice(0, 2), member(2)])).toEqual(["delete web-1"]);
    const rollingUpdate = { partition: 2 };
    const parted = set({ updateStrategy: { type: "RollingUpdate", rollingUpdate } });
    expect(steps(parted, [...old.slice(0, 2), member(2)])).toEqual([]);
    expect(steps(set({ updateStrategy: { type: "OnDelete" } }), old)).toEqual([]);
  });

  it("gives a Pod below the partition the current revision", () => {
    const rollingUpdate = { partition: 1 };
    const parted = set({ updateStrategy: { type: "RollingUpdate", rollingUpdate } });
    const [step] = planSet(parted, revisions, [], START).steps;
    expect(step).toMatchObject({
      type: "create",
      pod: {
        metadata: { labels: { [REVISION_LABEL]: "old" } },
        spec: { hostname: "web-0", containers: [{ image: "1" }] },
      },
    });
  });
});

describe("a parallel StatefulSet", () => {
  const parallel = (spec: Partial<StatefulSetSpec> = {}) =>
    set({ podManagementPolicy: "Parallel", ...spec });

  it("starts and stops all Pods at once", () => {
    expect(steps(parallel(), [])).toEqual(["create web-0", "create web-1", "create web-2"]);
    const pods = [member(0, {}), member(1, {}), member(2, {})];
    expect(steps(parallel({ replicas: 1 }), pods)).toEqual(["delete web-2", "delete web-1"]);
  });
});

describe("the status of a StatefulSet", () => {
  it("makes the update revision the current one when all Pods are of it", () => {
    const now = START + 60_000;
    const partly = computeStatus(set(), revisions, [member(0, READY, "old"), member(1)], 0, now);
    expect(partly).toMatchObject({
      replicas: 2,
      readyReplicas: 2,
      currentReplicas: 1,
      updatedReplicas: 1,
      currentRevision: "old",
    });
    const all = [member(0), member(1), member(2)];
    expect(computeStatus(set(), revisions, all, 0, now)).toMatchObject({
      currentReplicas: 3,
      currentRevision: "new",
    });
  });
});
