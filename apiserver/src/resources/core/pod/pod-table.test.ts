// Rows of testdata/rows.json are Pods and the table rows that a kube-apiserver 1.36.3 printed for them (age left out).
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { expect, test } from "vitest";
import { podCells, podRowConditions } from "./pod-table.ts";
import rows from "./testdata/rows.json" with { type: "json" };

const RECORDED = Date.UTC(2026, 10, 21, 1, 27);

test.each(rows.map((row) => [row.name, row] as const))("%s", (_, row) => {
  const { spec, status } = row;
  const pod = { metadata: { name: "t-1" }, spec, status } as unknown as Pod;
  expect(podCells(pod, RECORDED)).toEqual(row.cells);
  expect(podRowConditions(pod)).toEqual(row.conditions);
});

const deleted = (phase: string, reason?: string) =>
  ({
    metadata: { name: "p", deletionTimestamp: "2026-01-01T00:00:00Z" },
    spec: { containers: [{ name: "a" }] },
    status: reason === undefined ? { phase } : { phase, reason },
  }) as unknown as Pod;

test.each<[string, Pod, string]>([
  ["being deleted", deleted("Running"), "Terminating"],
  ["being deleted, but over", deleted("Succeeded"), "Succeeded"],
  ["on a lost node", deleted("Running", "NodeLost"), "Unknown"],
])("the status of a Pod %s", (_, pod, status) => {
  expect(podCells(pod, RECORDED)[2]).toBe(status);
});
