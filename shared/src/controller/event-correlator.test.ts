import { describe, expect, it } from "vitest";
import type { Event } from "../api/types/core-v1.ts";
import { EventCorrelator } from "./event-correlator.ts";

let serial = 0;
const event = (message: string, name = "web"): Event => ({
  metadata: { name: `${name}.${serial++}`, uid: "", resourceVersion: "", creationTimestamp: "" },
  involvedObject: { kind: "Pod", apiVersion: "v1", namespace: "default", name, uid: name },
  type: "Normal",
  reason: "Testing",
  message,
  count: 1,
  firstTimestamp: "2026-01-01T00:00:00Z",
  lastTimestamp: `2026-01-01T00:00:0${serial % 10}Z`,
});

describe("EventCorrelator", () => {
  it("counts an event that happens again on the first object", () => {
    const correlator = new EventCorrelator();
    const first = correlator.correlate(event("same"), 0);
    const again = correlator.correlate(event("same"), 1);
    expect(first?.type).toBe("create");
    expect(again).toMatchObject({
      type: "count",
      event: { metadata: { name: first?.event.metadata.name }, count: 2 },
      patch: { count: 2, message: "same" },
    });
  });

  it("sums up from the tenth message of one reason on", () => {
    const correlator = new EventCorrelator();
    const results = Array.from({ length: 11 }, (_, i) => correlator.correlate(event(`${i}`), i));
    expect(results.slice(0, 9).map((r) => r?.event.message)).toEqual([..."012345678"]);
    expect(results[9]).toMatchObject({
      type: "create",
      event: { message: "(combined from similar events): 9" },
    });
    expect(results[10]).toMatchObject({
      type: "count",
      patch: { count: 2, message: "(combined from similar events): 10" },
    });
  });

  it("lets one object have 25 in a burst and one more in five minutes", () => {
    const correlator = new EventCorrelator();
    const admitted = (atMs: number, name?: string) =>
      correlator.correlate(event("same", name), atMs) !== undefined;
    for (let i = 0; i < 25; i++) expect(admitted(0)).toBe(true);
    expect(admitted(0)).toBe(false);
    expect(admitted(0, "other")).toBe(true);
    expect(admitted(299_000)).toBe(false);
    expect(admitted(300_001)).toBe(true);
    expect(admitted(300_002)).toBe(false);
  });
});
