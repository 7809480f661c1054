import { describe, expect, it } from "vitest";
import { deployment } from "./fixture.ts";
import { maxSurge, maxUnavailable } from "./rollout-bounds.ts";

describe("rollout bounds", () => {
  it.each<[number, number | string, number | string, number, number]>([
    [10, "25%", "25%", 3, 2],
    [4, "25%", "25%", 1, 1],
    [1, "25%", "25%", 1, 0],
    [2, "0%", "1%", 0, 1],
    [1, 0, "1%", 0, 1],
    [2, "1%", "25%", 1, 0],
    [5, 2, 10, 2, 5],
    [0, "25%", "25%", 0, 0],
    [3, 1, 0, 1, 0],
  ])("%i replicas, surge %s, unavailable %s: +%i, -%i", (n, surge, unavailable, up, down) => {
    const rollingUpdate = { maxSurge: surge, maxUnavailable: unavailable };
    const subject = deployment(n, { strategy: { type: "RollingUpdate", rollingUpdate } });
    expect(maxSurge(subject)).toBe(up);
    expect(maxUnavailable(subject)).toBe(down);
  });

  it("are zero for recreate", () => {
    const subject = deployment(4, { strategy: { type: "Recreate" } });
    expect([maxSurge(subject), maxUnavailable(subject)]).toEqual([0, 0]);
  });
});
