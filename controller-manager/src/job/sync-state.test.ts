import { describe, expect, it } from "vitest";
import { job, jobPod, look } from "./fixture.ts";

const end = (state: ReturnType<typeof look>) =>
  state.finished && `${state.finished.type}:${state.finished.reason}`;
const failed = (name: string, facts = {}) =>
  jobPod(name, { phase: "Failed", exitCode: 1, ...facts });

describe("the state of a Job", () => {
  it("counts Pods once: with the finalizer, or in the status", () => {
    const status = { succeeded: 2, failed: 1, uncountedTerminatedPods: { failed: ["uid-b"] } };
    const pods = [
      jobPod("a", { phase: "Succeeded" }),
      failed("b"),
      failed("c"),
      failed("d", { released: true }),
    ];
    const state = look(job({ completions: 9 }, status), pods);
    expect([state.succeeded, state.failed]).toEqual([3, 3]);
  });

  it("fails above the limit", () => {
    expect(end(look(job({ backoffLimit: 1 }), [failed("a")]))).toBeUndefined();
    expect(end(look(job({ backoffLimit: 1 }), [failed("a"), failed("b")]))).toBe(
      "FailureTarget:BackoffLimitExceeded",
    );
  });

  it("counts restarts in place, when there are any", () => {
    const spec = {
      backoffLimit: 2,
      template: {
        spec: { restartPolicy: "OnFailure" as const, containers: [{ name: "c", image: "i" }] },
      },
    };
    expect(end(look(job(spec), [jobPod("a", { restarts: 1 })]))).toBeUndefined();
    expect(end(look(job(spec), [jobPod("a", { restarts: 2 })]))).toBe(
      "FailureTarget:BackoffLimitExceeded",
    );
  });

  it("fails at its deadline, which does not run while it is suspended", () => {
    const started = { startTime: "2026-01-01T00:00:50Z" };
    const late = look(job({ activeDeadlineSeconds: 10 }, started), []);
    expect(end(late)).toBe("FailureTarget:DeadlineExceeded");
    const early = look(job({ activeDeadlineSeconds: 15 }, started), []);
    expect([end(early), early.deadlineInMs]).toEqual([undefined, 5000]);
    const suspended = look(job({ activeDeadlineSeconds: 10, suspend: true }, started), []);
    expect(end(suspended)).toBeUndefined();
  });

  it("asks its policy about each failure", () => {
    const policy = (action: "FailJob" | "Ignore") => ({
      podFailurePolicy: {
        rules: [{ action, onExitCodes: { operator: "In" as const, values: [1] } }],
      },
      backoffLimit: 0,
    });
    const fails = look(job(policy("FailJob")), [failed("a")]);
    expect(fails.finished).toMatchObject({
      reason: "PodFailurePolicy",
      message:
        "Container c for pod default/a failed with exit code 1 matching FailJob rule at index 0",
    });
    expect(end(look(job(policy("Ignore")), [failed("a")]))).toBeUndefined();
  });

  it("ends when enough of its indexes have ended", () => {
    const spec = { completionMode: "Indexed", completions: 3, parallelism: 3 } as const;
    const pods = [
      jobPod("a", { index: 0, phase: "Succeeded" }),
      failed("b", { index: 1, failures: 0 }),
      jobPod("c", { index: 2 }),
    ];
    const perIndex = { ...spec, backoffLimitPerIndex: 0 };
    expect(end(look(job(perIndex), pods))).toBeUndefined();
    expect(end(look(job({ ...perIndex, maxFailedIndexes: 0 }), pods))).toBe(
      "FailureTarget:MaxFailedIndexesExceeded",
    );
    const ended = [...pods.slice(0, 2), jobPod("c", { index: 2, phase: "Succeeded" })];
    expect(end(look(job(perIndex), ended))).toBe("FailureTarget:FailedIndexes");
    const successPolicy = { rules: [{ succeededIndexes: "0-1", succeededCount: 1 }] };
    const success = look(job({ ...spec, successPolicy }), pods);
    expect(success.finished).toMatchObject({
      type: "SuccessCriteriaMet",
      reason: "SuccessPolicy",
      message: "Matched rules at index 0",
    });
  });

  it("stays with what was decided before", () => {
    const condition = (type: string) => ({
      conditions: [{ type, status: "True", reason: "R", message: "m" }],
    });
    expect(end(look(job({}, condition("FailureTarget")), []))).toBe("Failed:R");
    expect(end(look(job({}, condition("SuccessCriteriaMet")), []))).toBe("SuccessCriteriaMet:R");
  });
});
