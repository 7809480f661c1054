// Every row of docs/kubectl.md, with every kubectl found, against one running cluster. Writes that document.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { findKubectls, type Kubectl, kubectlRequirement } from "../harness/kubectl.ts";
import { describeWith } from "../requirement.ts";
import { type Case, groups } from "./case.ts";
import { allCases } from "./cases/all.ts";
import { NodePool } from "./node-pool.ts";
import { mergeReport, type Outcome, type Outcomes, renderReport } from "./report.ts";
import { type MatrixCluster, runCase } from "./run-case.ts";
import { runsWhole, selectedIds } from "./selection.ts";
import { minorOf } from "./terminal.ts";

const CASE_MS_MAX = 180_000;
const SHARED_NODES = 4;
const RESERVED_NODES = 4;
const REPORT = new URL("../../../docs/kubectl.md", import.meta.url).pathname;

/** One of each minor version; not those that only choose another (Google's `-dispatcher`). */
function oneOfEachMinor(found: readonly Kubectl[]): Kubectl[] {
  const real = found.filter(({ version }) => !version.includes("dispatcher"));
  return [...new Map(real.map((kubectl) => [minorOf(kubectl), kubectl])).values()];
}

const kubectls = oneOfEachMinor(findKubectls());
const hasIt = (one: Case, minor: number): boolean => one.since === undefined || one.since <= minor;

it("every row has a name of its own", () => {
  const ids = allCases.map(({ id }) => id);
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
});

it("the selection has rows of every group", () => {
  const selected = allCases.filter(({ id }) => selectedIds.has(id));
  expect(selected.length).toBe(selectedIds.size);
  expect([...new Set(selected.map(({ group }) => group))]).toEqual(groups);
});

describeWith("kubectl", [kubectlRequirement(kubectls)], () => {
  let running: TestCluster;
  let cluster: MatrixCluster;
  const outcomes: Outcomes = new Map();

  beforeAll(async () => {
    running = await startCluster(
      ...["--nodes", String(SHARED_NODES + RESERVED_NODES), "--node-cpu", "64"],
      ...["--node-memory", "256Gi", "--set", "apiserver.etcd-compaction-interval=5s"],
    );
    const client = running.client();
    const reserved = Array.from(
      { length: RESERVED_NODES },
      (_, i) => `node-${SHARED_NODES + 1 + i}`,
    );
    const nodes = new NodePool(client, reserved);
    await nodes.reserve();
    const directory = mkdtempSync(join(tmpdir(), "coracle-kubectl-"));
    cluster = { kubeconfig: running.kubeconfig, client, nodes, directory };
  }, 60_000);
  afterAll(async () => {
    await running?.stop();
    if (cluster) rmSync(cluster.directory, { recursive: true, force: true });
  });

  describe.concurrent.each(kubectls)("$version", (kubectl) => {
    const minor = minorOf(kubectl);
    const ofVersion = new Map<string, Outcome>();
    outcomes.set(minor, ofVersion);
    const isWhole = runsWhole(kubectl, kubectls);
    for (const one of allCases.filter(({ id }) => isWhole || selectedIds.has(id))) {
      if (!hasIt(one, minor)) {
        ofVersion.set(one.id, "unknown");
        continue;
      }
      it(
        `${one.group}: ${one.command} (${one.id})`,
        async () => {
          ofVersion.set(one.id, "failed");
          if (one.notYet === undefined) {
            await runCase(one, kubectl, cluster);
            ofVersion.set(one.id, "passed");
          } else {
            const run = runCase(one, kubectl, cluster);
            await expect(run, `listed as "${one.notYet}", but it passes`).rejects.toThrow();
            ofVersion.set(one.id, "not yet");
          }
        },
        CASE_MS_MAX,
      );
    }
  });

  it("docs/kubectl.md says so", () => {
    const committed = existsSync(REPORT) ? readFileSync(REPORT, "utf8") : "";
    for (const [minor, ofVersion] of outcomes) {
      const failed = [...ofVersion].filter(([, outcome]) => outcome === "failed");
      expect(failed, `rows of 1.${minor} that failed`).toEqual([]);
    }
    const report = renderReport(mergeReport(allCases, outcomes, committed));
    if (report !== committed) writeFileSync(REPORT, report);
    expect(committed, "it was out of date, and has been written").toBe(report);
  });
});
