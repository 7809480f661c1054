import type { Deployment, ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import { describe, expect, it } from "vitest";
import { deployment, replicaSet } from "./fixture.ts";
import { type Action, planDeployment } from "./plan.ts";
import { familyOf } from "./replica-sets.ts";

function shown(action: Action): string {
  const { name } = action.replicaSet.metadata;
  switch (action.type) {
    case "create":
      return `create ${action.replicaSet.spec.replicas}`;
    case "scale":
      return `${name} ${action.from}→${action.to}`;
    case "annotate":
    case "delete":
      return `${action.type} ${name}`;
  }
}

function plan(
  subject: Deployment,
  replicaSets: ReplicaSet[],
  oldPodsRunning = false,
  annotations = false,
): string[] {
  const { current, old } = familyOf(subject, replicaSets);
  return planDeployment({ deployment: subject, current, old, oldPodsRunning })
    .actions.filter(({ type }) => annotations || type !== "annotate")
    .map(shown);
}

const sizes = (desired: number, max: number): [number, number] => [desired, max];

describe("rolling update", () => {
  it.each<[string, number, ReplicaSet[], string[]]>([
    ["creates the first ReplicaSet at full size", 4, [], ["create 4"]],
    [
      "begins with the surge, and lets go what may be unavailable",
      4,
      [replicaSet("old", { replicas: 4, available: 4 })],
      ["create 1", "old 4→3"],
    ],
    [
      "does not surge above the bound",
      4,
      [
        replicaSet("old", { replicas: 3, available: 3 }),
        replicaSet("new", { replicas: 2, sizes: sizes(4, 5) }),
      ],
      [],
    ],
    [
      "scales up before it scales down",
      4,
      [
        replicaSet("old", { replicas: 3, available: 3 }),
        replicaSet("new", { replicas: 1, available: 1, sizes: sizes(4, 5) }),
      ],
      ["new 1→2"],
    ],
    [
      "takes old Pods away as new ones become available",
      4,
      [
        replicaSet("old", { replicas: 3, available: 3 }),
        replicaSet("new", { replicas: 2, available: 2, sizes: sizes(4, 5) }),
      ],
      ["old 3→1"],
    ],
    [
      "removes unhealthy old Pods first, whatever their ReplicaSet",
      10,
      [
        replicaSet("a", { replicas: 8, available: 8, age: 1 }),
        replicaSet("b", { replicas: 2, available: 0, age: 2 }),
        replicaSet("new", { replicas: 3, available: 0, sizes: sizes(10, 13), age: 3 }),
      ],
      ["b 2→0"],
    ],
    [
      "keeps everything while the new Pods do not come up",
      10,
      [
        replicaSet("old", { replicas: 8, available: 8 }),
        replicaSet("new", { replicas: 5, available: 0, sizes: sizes(10, 13) }),
      ],
      [],
    ],
    [
      "takes a current ReplicaSet back that is too large",
      4,
      [replicaSet("new", { replicas: 6, available: 6 })],
      ["new 6→4"],
    ],
  ])("%s", (_name, replicas, replicaSets, actions) => {
    expect(plan(deployment(replicas), replicaSets)).toEqual(actions);
  });

  it("cleans up beyond the history limit when it is complete, and only what is empty and observed", () => {
    const status = { replicas: 1, updatedReplicas: 1, availableReplicas: 1, observedGeneration: 1 };
    const busy = replicaSet("r1", { replicas: 0, actual: 1, revision: 1 });
    const unseen = replicaSet("r2", { replicas: 0, revision: 2 });
    unseen.metadata.generation = 2;
    const rest = [3, 4, 5].map((r) => replicaSet(`r${r}`, { replicas: 0, revision: r }));
    const current = replicaSet("new", { replicas: 1, available: 1, revision: 6 });
    const all = [...rest, busy, unseen, current];
    const subject = (limit: number, complete = true) =>
      deployment(1, { revisionHistoryLimit: limit }, { status: complete ? status : {} });
    expect(plan(subject(2), all)).toEqual(["delete r3"]);
    expect(plan(subject(0), all)).toEqual(["delete r3", "delete r4", "delete r5"]);
    expect(plan(subject(0, false), all)).toEqual([]);
    expect(plan(subject(2 ** 31 - 1), all)).toEqual([]);
  });
});

describe("recreate", () => {
  const recreate = (replicas: number) => deployment(replicas, { strategy: { type: "Recreate" } });
  const emptied = replicaSet("old", { replicas: 0, actual: 0 });

  it.each<[string, ReplicaSet[], boolean, string[]]>([
    ["creates the first at full size", [], false, ["create 3"]],
    ["takes all old Pods away first", [replicaSet("old", { replicas: 3 })], true, ["old 3→0"]],
    [
      "waits while the old ReplicaSet counts Pods",
      [replicaSet("old", { replicas: 0, actual: 2 })],
      false,
      [],
    ],
    ["waits while old Pods still run", [emptied], true, []],
    ["then creates the new one", [emptied], false, ["create 3"]],
    [
      "or fills one that is there",
      [emptied, replicaSet("new", { replicas: 0 })],
      false,
      ["new 0→3"],
    ],
  ])("%s", (_name, replicaSets, oldPodsRunning, actions) => {
    expect(plan(recreate(3), replicaSets, oldPodsRunning)).toEqual(actions);
  });
});

describe("change of size", () => {
  it.each<[string, number, ReplicaSet[], string[]]>([
    [
      "follows at once when one ReplicaSet has all Pods",
      6,
      [replicaSet("new", { replicas: 4, sizes: sizes(4, 5) })],
      ["new 4→6"],
    ],
    [
      "spreads over a rollout in proportion, the remainder to the largest",
      10,
      [
        replicaSet("old", { replicas: 2, available: 2, sizes: sizes(6, 8), age: 1 }),
        replicaSet("new", { replicas: 6, available: 3, sizes: sizes(6, 8), age: 2 }),
      ],
      ["new 6→10", "old 2→3"],
    ],
    [
      "shrinks in proportion",
      5,
      [
        replicaSet("old", { replicas: 8, available: 8, sizes: sizes(10, 13), age: 1 }),
        replicaSet("new", { replicas: 5, available: 0, sizes: sizes(10, 13), age: 2 }),
      ],
      ["old 8→4", "new 5→3"],
    ],
    [
      "to zero: everything goes",
      0,
      [
        replicaSet("old", { replicas: 3, sizes: sizes(4, 5), age: 1 }),
        replicaSet("new", { replicas: 2, sizes: sizes(4, 5), age: 2 }),
      ],
      ["old 3→0", "new 2→0"],
    ],
  ])("%s", (_name, replicas, replicaSets, actions) => {
    const { current, old } = familyOf(deployment(replicas), replicaSets);
    const subject = deployment(replicas);
    const { rollsOut } = planDeployment({
      deployment: subject,
      current,
      old,
      oldPodsRunning: false,
    });
    expect(rollsOut).toBe(false);
    expect(plan(subject, replicaSets)).toEqual(actions);
  });

  it("is no rollout while paused: the size is followed, the template is not", () => {
    const paused = deployment(6, { paused: true });
    const old = replicaSet("old", { replicas: 4, sizes: sizes(4, 5) });
    expect(plan(paused, [old])).toEqual(["old 4→6"]);
  });
});

describe("annotations", () => {
  it("are kept in step on the current ReplicaSet only", () => {
    const subject = deployment(1);
    subject.metadata.annotations = { team: "a" };
    const current = replicaSet("new", { replicas: 1, revision: 1 });
    const old = replicaSet("old", { replicas: 0, revision: 3 });
    expect(plan(subject, [current, old], false, true)).toContain("annotate new");
    current.metadata.annotations = {
      team: "a",
      "deployment.kubernetes.io/revision": "4",
    };
    expect(plan(subject, [current, old], false, true)).toEqual([]);
    expect(
      plan({ ...subject, spec: { ...subject.spec, minReadySeconds: 5 } }, [current], false, true),
    ).toEqual(["annotate new"]);
  });

  it("are all that is done for a Deployment being deleted", () => {
    const subject = deployment(5);
    subject.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
    expect(plan(subject, [replicaSet("old", { replicas: 2 })])).toEqual([]);
  });
});
