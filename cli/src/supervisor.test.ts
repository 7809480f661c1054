import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@coracle/shared/runtime/clock";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Command } from "./components.ts";
import { Supervisor } from "./supervisor.ts";

/** Processes start slowly on a busy machine. */
const PATIENT = { timeout: 15_000 };

let directory: string;
let supervisor: Supervisor | undefined;
const said: string[] = [];
const shown: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "coracle-supervisor-"));
  said.length = 0;
  shown.length = 0;
});
afterEach(async () => {
  await supervisor?.stop();
  rmSync(directory, { recursive: true });
});

/** Starts processes that run `program`; `log(text)` there writes to a file that all share. */
function supervise(programs: Partial<Record<Command["name"], string>>): Supervisor {
  const journal = join(directory, "journal");
  writeFileSync(journal, "");
  const commands = Object.entries(programs).map(([name, program]) => {
    const file = join(directory, `${name}.mjs`);
    const head = `import { appendFileSync } from "node:fs";
      const log = (text) => appendFileSync(${JSON.stringify(journal)}, text + "\\n");`;
    writeFileSync(file, `${head}\n${program}`);
    return { name: name as Command["name"], instance: name, file, args: [] };
  });
  supervisor = new Supervisor({
    commands,
    clock: systemClock,
    say: (message) => said.push(message),
    show: (component, text) => {
      shown.push(`${component}: ${text}`);
      return "";
    },
    onChange: () => {},
  });
  supervisor.start();
  return supervisor;
}

const journal = () => readFileSync(join(directory, "journal"), "utf8").trim().split("\n");
const RUN_UNTIL_STOPPED = (name: string) => `
  process.on("SIGTERM", () => { log("${name} stopped"); process.exit(0); });
  setInterval(() => {}, 1000);
  log("${name} started");`;

test("the API server is stopped after the others, and its store after it", async () => {
  const both = supervise({
    apiserver: RUN_UNTIL_STOPPED("apiserver"),
    kubelet: RUN_UNTIL_STOPPED("kubelet"),
    scheduler: RUN_UNTIL_STOPPED("scheduler"),
    etcd: RUN_UNTIL_STOPPED("etcd"),
  });
  await vi.waitFor(() => expect(journal()).toHaveLength(4), PATIENT);
  await both.stop();
  const stopped = journal().slice(4);
  expect(stopped.slice(0, 2).sort()).toEqual(["kubelet stopped", "scheduler stopped"]);
  expect(stopped.slice(2)).toEqual(["apiserver stopped", "etcd stopped"]);
  expect(both.pids()).toEqual({});
});

test("a component that dies is restarted, and it is said", async () => {
  const one = supervise({ scheduler: RUN_UNTIL_STOPPED("scheduler") });
  await vi.waitFor(() => expect(journal()).toEqual(["scheduler started"]), PATIENT);
  const first = one.pids().scheduler as number;
  process.kill(first, "SIGKILL");
  await vi.waitFor(() => expect(journal()).toHaveLength(2), PATIENT);
  expect(one.pids().scheduler).not.toBe(first);
  expect(said).toEqual(["scheduler ended (SIGKILL); restarting in 0.1 s"]);
});

test("a component that ended is no steady one until it has run for a while", async () => {
  const mark = join(directory, "mark");
  const one = supervise({
    scheduler: `import { existsSync, writeFileSync } from "node:fs";
      log("started"); setInterval(() => {}, 1000);
      if (!existsSync("${mark}")) { writeFileSync("${mark}", ""); process.exit(1); }`,
  });
  expect(one.isSteady()).toBe(true);
  await vi.waitFor(() => expect(journal()).toHaveLength(2), PATIENT);
  expect(one.isSteady()).toBe(false);
  await vi.waitFor(() => expect(one.isSteady()).toBe(true), PATIENT);
});

test("a component that cannot start fails the cluster with its own last error", async () => {
  const line = JSON.stringify({
    level: "error",
    msg: "cannot open the store",
    err: { message: "locked" },
  });
  const one = supervise({
    apiserver: `log("tried"); console.log('${line}'); process.exitCode = 1;`,
  });
  await expect(one.failed).rejects.toThrow("apiserver cannot start: cannot open the store: locked");
  expect(journal()).toEqual(["tried", "tried", "tried"]);
});

test("an exception that ends a component is its error", async () => {
  const one = supervise({ kubelet: `throw new TypeError("no nodes");` });
  await expect(one.failed).rejects.toThrow("kubelet cannot start: TypeError: no nodes");
  expect(shown.join("")).toContain("TypeError: no nodes");
});
