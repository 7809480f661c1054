import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { describe, expect, it } from "vitest";
import { CrashBackoff, formatDelay } from "./crash-backoff.ts";

describe("crash backoff", () => {
  it("doubles from 10 s to 5 min, and starts anew after 10 min without a crash", async () => {
    const clock = new SimulatedClock();
    const backoff = new CrashBackoff(clock);
    const delays: string[] = [];
    for (let crash = 0; crash < 8; crash++) {
      expect(backoff.remainingMs("web", clock.now())).toBe(backoff.delayMs("web"));
      await clock.advance(backoff.remainingMs("web", clock.now()));
      backoff.next("web", clock.now());
      delays.push(formatDelay(backoff.delayMs("web")));
    }
    expect(delays).toEqual(["10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s", "5m0s"]);
    await clock.advance(601_000);
    expect(backoff.remainingMs("web", clock.now())).toBe(0);
    backoff.next("web", clock.now());
    expect(backoff.delayMs("web")).toBe(10_000);
  });

  it("counts from when the container ended", async () => {
    const clock = new SimulatedClock();
    const backoff = new CrashBackoff(clock);
    const endedMs = clock.now();
    backoff.next("web", endedMs);
    await clock.advance(4000);
    expect(backoff.remainingMs("web", endedMs)).toBe(6000);
    await clock.advance(6000);
    expect(backoff.remainingMs("web", endedMs)).toBe(0);
  });

  it("forgets a Pod", () => {
    const backoff = new CrashBackoff(new SimulatedClock());
    backoff.next("uid_web", 0);
    backoff.forget("uid_");
    expect(backoff.delayMs("uid_web")).toBe(0);
  });
});
