import { describe, expect, it } from "vitest";
import { START } from "../replicaset/fixture.ts";
import { job, jobPod, look, NOW } from "./fixture.ts";
import { planPods } from "./plan.ts";

const indexed = { completionMode: "Indexed", completions: 4, parallelism: 3 } as const;
const names = (plan: ReturnType<typeof planPods>) =>
  plan.type === "delete" ? plan.pods.map(({ metadata }) => metadata.name) : plan;

describe("the Pods of a Job", () => {
  it("are as many as may run at once, and as are still wanted", () => {
    const plan = (succeeded: number) =>
      planPods(look(job({ parallelism: 3, completions: 4 }, { succeeded }), []), NOW);
    expect(plan(0)).toEqual({ type: "create", count: 3 });
    expect(plan(3)).toEqual({ type: "create", count: 1 });
    expect(plan(4)).toEqual({ type: "none" });
  });

  it("are not made good any more when one of a Job without completions has succeeded", () => {
    const pods = [jobPod("a", { phase: "Succeeded" }), jobPod("b")];
    expect(planPods(look(job({ parallelism: 3 }), pods), NOW)).toEqual({ type: "none" });
  });

  it("go when the Job is suspended", () => {
    const pods = [jobPod("a"), jobPod("b")];
    expect(names(planPods(look(job({ suspend: true }), pods), NOW))).toEqual(["a", "b"]);
  });

  it("wait after a failure, twice as long after each", () => {
    const failed = (name: string) => jobPod(name, { phase: "Failed", exitCode: 1, created: 57 });
    const one = look(job(), [failed("a")]);
    expect(planPods(one, NOW)).toEqual({ type: "wait", delayMs: 7000 });
    expect(planPods(one, START + 67_001)).toEqual({ type: "create", count: 1 });
    const two = look(job(), [failed("a"), failed("b")]);
    expect(planPods(two, NOW)).toEqual({ type: "wait", delayMs: 17_000 });
  });

  it("wait for those that are going, when only failed ones are replaced", () => {
    const pods = [jobPod("a", { deleting: true })];
    const plan = (podReplacementPolicy: "Failed" | "TerminatingOrFailed") =>
      planPods(look(job({ podReplacementPolicy }), pods), START + 3_600_000).type;
    expect(plan("Failed")).toBe("none");
    expect(plan("TerminatingOrFailed")).toBe("create");
  });

  it("have the first indexes that are free", () => {
    const pods = [jobPod("a", { index: 1 }), jobPod("b", { index: 0, phase: "Succeeded" })];
    const plan = planPods(look(job(indexed), pods), NOW);
    expect(plan).toEqual({ type: "create", count: 2, indexes: [2, 3] });
  });

  it("go when their index is another's, or none", () => {
    const pods = [
      jobPod("pending", { index: 0, phase: "Pending" }),
      jobPod("running", { index: 0, node: "n", readySince: 1 }),
      jobPod("none"),
      jobPod("high", { index: 4 }),
    ];
    expect(names(planPods(look(job(indexed), pods), NOW))).toEqual(["pending", "none", "high"]);
  });

  it("wait each for its own index, when indexes have their own limit", () => {
    const pods = [
      jobPod("a", { index: 0, phase: "Failed", exitCode: 1, created: 57, failures: 0 }),
      jobPod("b", { index: 1, phase: "Failed", exitCode: 1, created: 1, failures: 0 }),
    ];
    const spec = { ...indexed, completions: 2, parallelism: 2, backoffLimitPerIndex: 3 };
    expect(planPods(look(job(spec), pods), NOW)).toEqual({
      type: "create",
      count: 1,
      indexes: [1],
    });
  });
});
