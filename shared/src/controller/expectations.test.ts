import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../runtime/clock.ts";
import { Expectations } from "./expectations.ts";

describe("Expectations", () => {
  it("is satisfied when every creation has been seen or has failed", () => {
    const expectations = new Expectations(new SimulatedClock());
    expect(expectations.satisfied("a")).toBe(true);
    expectations.expectCreations("a", 3);
    expectations.creationObserved("a");
    expect(expectations.satisfied("a")).toBe(false);
    expectations.creationObserved("a", 2);
    expect(expectations.satisfied("a")).toBe(true);
  });

  it("counts the deletion of one object once, however often it is seen", () => {
    const expectations = new Expectations(new SimulatedClock());
    expectations.expectDeletions("a", ["x", "y"]);
    expectations.deletionObserved("a", "x");
    expectations.deletionObserved("a", "x");
    expectations.deletionObserved("a", "z");
    expect(expectations.satisfied("a")).toBe(false);
    expectations.deletionObserved("a", "y");
    expect(expectations.satisfied("a")).toBe(true);
  });

  it("gives up after five minutes, and forgets on request", async () => {
    const clock = new SimulatedClock();
    const expectations = new Expectations(clock);
    expectations.expectCreations("a", 1);
    expectations.expectCreations("b", 1);
    expectations.forget("b");
    expect(expectations.satisfied("b")).toBe(true);
    await clock.advance(5 * 60_000);
    expect(expectations.satisfied("a")).toBe(false);
    await clock.advance(1);
    expect(expectations.satisfied("a")).toBe(true);
  });
});
