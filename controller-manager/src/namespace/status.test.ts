import { describe, expect, it } from "vitest";
import { computeConditions, type Outcome } from "./status.ts";

const START = Date.UTC(2026, 0, 1);
const clean: Outcome = {
  discoveryFailures: [],
  errors: [],
  remaining: new Map(),
  finalizers: new Map(),
};
const texts = (outcome: Partial<Outcome>) =>
  computeConditions([], { ...clean, ...outcome }, START)
    .filter(({ status }) => status === "True")
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);

describe("computeConditions", () => {
  it("says at first that all is well, and then nothing new", () => {
    const conditions = computeConditions([], clean, START);
    expect(conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual([
      "NamespaceDeletionDiscoveryFailure False ResourcesDiscovered",
      "NamespaceDeletionGroupVersionParsingFailure False ParsedGroupVersions",
      "NamespaceDeletionContentFailure False ContentDeleted",
      "NamespaceContentRemaining False ContentRemoved",
      "NamespaceFinalizersRemaining False ContentHasNoFinalizers",
    ]);
    expect(computeConditions(conditions, clean, START + 5000)).toBe(conditions);
  });

  it("names what remains and what holds it, sorted", () => {
    const remaining = new Map([
      ["pods.", 2],
      ["deployments.apps", 1],
    ]);
    const finalizers = new Map([["example.com/hold", 3]]);
    expect(texts({ remaining, finalizers })).toEqual([
      "NamespaceContentRemaining SomeResourcesRemain: Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances",
      "NamespaceFinalizersRemaining SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 3 resource instances",
    ]);
  });

  it("names failures", () => {
    const discoveryFailures = [{ groupVersion: "a/v1", message: "down" }];
    expect(texts({ errors: ["y", "x"], discoveryFailures })).toEqual([
      "NamespaceDeletionDiscoveryFailure DiscoveryFailed: Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: a/v1: down",
      "NamespaceDeletionContentFailure ContentDeletionFailed: Failed to delete all resource types, 2 remaining: x, y",
    ]);
  });

  it("moves the transition time only with the status", () => {
    const failing = { ...clean, errors: ["x"] };
    const first = computeConditions([], failing, START);
    const second = computeConditions(first, { ...clean, errors: ["y"] }, START + 60_000);
    const third = computeConditions(second, clean, START + 120_000);
    const timeOf = (conditions: readonly { type: string; lastTransitionTime?: string }[]) =>
      conditions.find(({ type }) => type === "NamespaceDeletionContentFailure")?.lastTransitionTime;
    expect([first, second, third].map(timeOf)).toEqual([
      "2026-01-01T00:00:00Z",
      "2026-01-01T00:00:00Z",
      "2026-01-01T00:02:00Z",
    ]);
  });
});
