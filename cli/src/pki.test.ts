import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedClock } from "@coracle/shared/runtime/clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensurePki } from "./pki.ts";

const EVERYTHING = [
  "ca",
  "apiserver",
  "kubelet",
  "admin",
  "scheduler",
  "controller-manager",
  "kubelet-client",
  "apiserver-kubelet-client",
  "sa",
  "tokens",
];
const DAY_MS = 86_400_000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "coracle-pki-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const read = (name: string) => readFileSync(join(directory, name), "utf8");
const subjectOf = (name: string) => new X509Certificate(read(`${name}.crt`)).subject;

test("everything is made once and kept", () => {
  const clock = new SimulatedClock();
  expect(ensurePki({ directory, clock }).created).toEqual(EVERYTHING);
  expect(ensurePki({ directory, clock }).created).toEqual([]);
});

test("each component gets the identity that upstream gives it", () => {
  ensurePki({ directory, clock: new SimulatedClock() });
  expect(subjectOf("admin")).toBe("O=system:masters\nCN=kubernetes-admin");
  expect(subjectOf("scheduler")).toBe("CN=system:kube-scheduler");
  expect(subjectOf("controller-manager")).toBe("CN=system:kube-controller-manager");
  expect(subjectOf("kubelet-client")).toMatch(/^O=system:nodes\nCN=system:node:/);
  expect(read("tokens.csv")).toMatch(
    /^[\w-]{32},kubernetes-admin,kubernetes-admin,"system:masters"\n$/,
  );
});

test("keys and tokens are readable by the owner only", () => {
  ensurePki({ directory, clock: new SimulatedClock() });
  for (const name of ["ca.key", "admin.key", "sa.key", "tokens.csv"]) {
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  }
});

test("what expires within a month is renewed, under the same authority", async () => {
  const clock = new SimulatedClock();
  ensurePki({ directory, clock });
  const ca = read("ca.crt");
  await clock.advance(340 * DAY_MS);
  const { created } = ensurePki({ directory, clock });
  expect(created).toEqual(EVERYTHING.filter((name) => !["ca", "sa", "tokens"].includes(name)));
  expect(read("ca.crt")).toBe(ca);
});

test("a new host name renews the servers' certificates only", () => {
  const clock = new SimulatedClock();
  ensurePki({ directory, clock });
  const options = { directory, clock, extraHosts: ["cluster.example", "192.0.2.7"] };
  expect(ensurePki(options).created).toEqual(["apiserver", "kubelet"]);
  expect(new X509Certificate(read("apiserver.crt")).checkIP("192.0.2.7")).toBe("192.0.2.7");
  expect(ensurePki(options).created).toEqual([]);
});

test("a damaged or foreign file is made anew", () => {
  const clock = new SimulatedClock();
  ensurePki({ directory, clock });
  writeFileSync(join(directory, "admin.crt"), "not a certificate");
  writeFileSync(join(directory, "scheduler.key"), read("kubelet.key"));
  expect(ensurePki({ directory, clock }).created).toEqual(["admin", "scheduler"]);
});

test("a new authority replaces all that the old one signed", () => {
  const clock = new SimulatedClock();
  ensurePki({ directory, clock });
  rmSync(join(directory, "ca.crt"));
  const { created } = ensurePki({ directory, clock });
  expect(created).toEqual(EVERYTHING.filter((name) => name !== "sa" && name !== "tokens"));
});
