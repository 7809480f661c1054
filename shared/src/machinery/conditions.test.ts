import { describe, expect, it } from "vitest";
import {
  type ConditionLike,
  findCondition,
  isConditionTrue,
  withCondition,
  withoutCondition,
} from "./conditions.ts";

const ready: ConditionLike = { type: "Ready", status: "True", lastTransitionTime: "t1" };

describe("conditions", () => {
  it("keeps the transition time while the status stays", () => {
    const [kept] = withCondition([ready], { ...ready, reason: "New", lastTransitionTime: "t2" });
    expect(kept).toEqual({ ...ready, reason: "New" });
    const [moved] = withCondition([ready], { ...ready, status: "False", lastTransitionTime: "t2" });
    expect(moved?.lastTransitionTime).toBe("t2");
  });
  it("adds, finds and removes", () => {
    const list = withCondition(undefined, ready);
    expect(findCondition(list, "Ready")).toBe(ready);
    expect(isConditionTrue(list, "Ready")).toBe(true);
    expect(isConditionTrue(list, "Other")).toBe(false);
    expect(withoutCondition(list, "Ready")).toEqual([]);
  });
});
