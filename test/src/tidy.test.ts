// The style that a machine can check. A finding names file and line; the rules are in tidy/.
import { describe, expect, test } from "vitest";
import * as codeRules from "./tidy/code-rules.ts";
import { lineCount } from "./tidy/code-rules.ts";
import { deadReferences, readDocuments } from "./tidy/document-rules.ts";
import * as importRules from "./tidy/import-rules.ts";
import { type Finding, parseFile, type Rule, readProject } from "./tidy/source-tree.ts";

const FILE_LINES_P90_MAX = 300;

const isRule = (value: unknown): value is Rule =>
  typeof value === "function" && value !== lineCount;
const rules = Object.entries({ ...importRules, ...codeRules }).filter(
  (entry): entry is [string, Rule] => isRule(entry[1]),
);

const show = ({ path, line, message }: Finding) => `${path}:${line} ${message}`;

describe("the project", () => {
  const files = readProject();

  test.each(rules)("%s", (_name, rule) => {
    expect(rule(files).map(show)).toEqual([]);
  });

  test("documents name files that exist", () => {
    expect(deadReferences(readDocuments()).map(show)).toEqual([]);
  });

  test("nine files of ten have at most 300 lines", () => {
    const lengths = files.filter((file) => !file.isTest).map(lineCount);
    lengths.sort((a, b) => a - b);
    const at = (part: number) => lengths[Math.floor((lengths.length - 1) * part)] as number;
    console.log(
      `${lengths.length} files: median ${at(0.5)}, p90 ${at(0.9)}, max ${at(1)} lines (tests and generated files not counted)`,
    );
    expect(at(0.9)).toBeLessThanOrEqual(FILE_LINES_P90_MAX);
  });
});

interface Case {
  rule: Rule;
  /** Path → text. */
  files: Record<string, string>;
  findings: string[];
}

const lines = (count: number, line = "//") => `${Array(count).fill(line).join("\n")}\n`;

const cases: Record<string, Case> = {
  "a component that imports another": {
    rule: importRules.componentsMeetOverHttp,
    files: {
      "kubelet/src/a.ts":
        'import "@coracle/shared/api/facts";\nimport "@coracle/apiserver/server";',
      "shared/src/api/b.ts": 'import type { X } from "../../../cli/src/up.ts";',
      "test/src/c.ts": 'import "@coracle/apiserver/server";',
    },
    findings: [
      "kubelet/src/a.ts:2 kubelet imports apiserver: a component imports shared and itself only",
      "shared/src/api/b.ts:1 shared imports cli: a component imports shared and itself only",
    ],
  },
  "a lower layer of shared that imports a higher one": {
    rule: importRules.sharedIsLayered,
    files: {
      "shared/src/runtime/a.ts": 'import "../api/facts.ts";',
      "shared/src/machinery/b.ts": 'export { x } from "../client/client.ts";',
      "shared/src/cache/c.ts": 'import "../client/client.ts";\nimport "../workqueue/q.ts";',
    },
    findings: [
      "shared/src/runtime/a.ts:1 shared/runtime must not import shared/api",
      "shared/src/machinery/b.ts:1 shared/machinery must not import shared/client",
      "shared/src/cache/c.ts:2 shared/cache must not import shared/workqueue",
    ],
  },
  "a lower layer of the API server that imports a higher one": {
    rule: importRules.apiserverIsLayered,
    files: {
      "apiserver/src/storage/a.ts": 'import "../registry/registry.ts";',
      "apiserver/src/registry/b.ts": 'import "../storage/a.ts";\nimport "../handlers/get.ts";',
      "apiserver/src/handlers/c.ts": 'import "../registry/b.ts";\nimport "../server.ts";',
      "apiserver/src/storage/d.test.ts": 'import "../server.ts";',
    },
    findings: [
      "apiserver/src/storage/a.ts:1 apiserver/src/storage is below apiserver/src/registry",
      "apiserver/src/registry/b.ts:2 apiserver/src/registry is below apiserver/src/handlers",
      "apiserver/src/handlers/c.ts:2 apiserver/src/handlers is below apiserver/src",
    ],
  },
  "storage that knows a kind": {
    rule: importRules.storageKnowsNoKinds,
    files: {
      "apiserver/src/storage/a.ts":
        'import "@coracle/shared/runtime/clock";\nimport type { Pod } from "@coracle/shared/api/types/core-v1";',
    },
    findings: ["apiserver/src/storage/a.ts:2 storage knows keys, revisions and bytes, not kinds"],
  },
  "a scheduler plugin with a client": {
    rule: importRules.pluginsAskNobody,
    files: {
      "scheduler/src/plugins/a.ts": 'import { Client } from "@coracle/shared/client/client";',
    },
    findings: ["scheduler/src/plugins/a.ts:1 a scheduler plugin sees a snapshot, never a client"],
  },
  "an import cycle, unless of types or lazy": {
    rule: importRules.noImportCycles,
    files: {
      "cli/src/a.ts": 'import "./b.ts";',
      "cli/src/b.ts": 'import "./c.ts";',
      "cli/src/c.ts": '\nimport "./a.ts";',
      "cli/src/d.ts": 'import { type E } from "./e.ts";',
      "cli/src/e.ts": 'import "./d.ts";\nexport type E = 1;',
      "cli/src/f.ts": 'import "./g.ts";',
      "cli/src/g.ts": 'export const load = () => import("./f.ts");',
    },
    findings: ["cli/src/c.ts:2 import cycle: cli/src/a.ts → cli/src/b.ts → cli/src/c.ts"],
  },
  "a file that nothing uses": {
    rule: importRules.everyFileIsUsed,
    files: {
      "cli/src/main.ts": 'import "./used.ts";\nconst x = await import("./lazy.ts");',
      "cli/src/used.ts": "",
      "cli/src/lazy.ts": "",
      "cli/src/dead.ts": "",
      "cli/src/tested.ts": "",
      "cli/src/tested.test.ts": 'import "./tested.ts";\nimport "./storage-suite.ts";',
      "cli/src/storage-suite.ts": "",
    },
    findings: [
      "cli/src/dead.ts:1 nothing imports this file",
      "cli/src/tested.ts:1 only tests import this file",
    ],
  },
  "real time and chance": {
    rule: codeRules.timeAndChanceAreParameters,
    files: {
      "kubelet/src/a.ts": [
        'import { createHash, randomUUID } from "node:crypto";',
        "const now = Date.now();",
        "const date = new Date();",
        "const parsed = new Date(now);",
        "setTimeout(() => {}, 1);",
        "const lot = Math.random();",
        'const text = "Date.now() setTimeout()"; // Math.random()',
        "const t = performance.now();",
        "clock.now();",
      ].join("\n"),
      "shared/src/runtime/clock.ts": "Date.now();",
      "bench/src/load.ts": "Date.now();",
    },
    findings: [
      "kubelet/src/a.ts:2 Date.now: use clock.now()",
      "kubelet/src/a.ts:3 new Date(): use clock.now()",
      "kubelet/src/a.ts:5 setTimeout: use clock.setTimer() or clock.sleep()",
      "kubelet/src/a.ts:6 Math.random: use a Random",
      "kubelet/src/a.ts:8 performance.now: use clock.monotonic()",
      "kubelet/src/a.ts:1 randomUUID of node:crypto: use a Clock or a Random",
    ],
  },
  "chance in a test": {
    rule: codeRules.testsDrawNoLots,
    files: { "cli/src/a.test.ts": "Date.now();\nMath.random();" },
    findings: ["cli/src/a.test.ts:2 Math.random: use a Random"],
  },
  "the process outside main.ts": {
    rule: codeRules.onlyMainTouchesProcess,
    files: {
      "kubelet/src/a.ts": [
        "process.exit(1);",
        "const f = (process: Job) => process.exit;",
        "function g() { const { process } = job; return () => process.kill(); }",
        "function h() { return process.argv; }",
      ].join("\n"),
      "kubelet/src/main.ts": "process.exit(1);",
      "cli/src/b.ts": "process.exit(1);",
    },
    findings: [
      "kubelet/src/a.ts:1 process.exit: only main.ts touches the process",
      "kubelet/src/a.ts:4 process.argv: only main.ts touches the process",
    ],
  },
  "a long file": {
    rule: codeRules.filesAreShort,
    files: { "cli/src/a.ts": lines(500), "cli/src/b.ts": lines(501) },
    findings: ["cli/src/b.ts:501 501 lines; the limit is 500"],
  },
  "a long function": {
    rule: codeRules.functionsAreShort,
    files: {
      "cli/src/a.ts": `\nfunction long() {\n${lines(70)}}\nconst short = () => {\n${lines(68)}};`,
      "cli/src/a.test.ts": `describe("all", () => {\n${lines(100)}});`,
    },
    findings: ["cli/src/a.ts:2 a function of 72 lines; the limit is 70"],
  },
  "a name that says nothing": {
    rule: codeRules.namesSayWhatIsInside,
    files: {
      "cli/src/utils.ts": "",
      "cli/src/common/pods.ts": "",
      "cli/src/podWorker.ts": "",
      "cli/src/type-facts.ts": "",
    },
    findings: [
      'cli/src/utils.ts:1 "utils" does not say what is inside',
      'cli/src/common/pods.ts:1 "common" does not say what is inside',
      'cli/src/podWorker.ts:1 "podWorker" is not kebab-case',
    ],
  },
  "work left for later": {
    rule: codeRules.nothingIsLeftForLater,
    files: { "cli/src/a.ts": 'const x = "TODO";\n/* one\n FIXME: two */\n// todos are fine' },
    findings: ["cli/src/a.ts:2 FIXME in a comment"],
  },
  "a test that is switched off": {
    rule: codeRules.noTestIsSwitchedOff,
    files: { "cli/src/a.test.ts": 'test("a", f);\ntest.skip("b", f);\ndescribe.only("c", f);' },
    findings: ["cli/src/a.test.ts:2 test.skip", "cli/src/a.test.ts:3 describe.only"],
  },
};

describe("the check finds", () => {
  test.each(Object.entries(cases))("%s", (_name, { rule, files, findings }) => {
    const parsed = Object.entries(files).map(([path, text]) => parseFile(path, text));
    expect(rule(parsed).map(show)).toEqual(findings);
  });

  test("a file that a document names and that is not there", () => {
    const text =
      "`cli/src/up.ts`, `x.ts`, `<name>/a.ts`\n[a](../there.md#part) [b](gone.md) `cli/gone/`";
    const exists = (path: string) => ["cli/src/up.ts", "there.md"].includes(path);
    expect(deadReferences([{ path: "docs/a.md", text }], exists).map(show)).toEqual([
      "docs/a.md:2 docs/gone.md does not exist",
      "docs/a.md:2 cli/gone/ does not exist",
    ]);
  });

  test("everything: each rule has a case", () => {
    const covered = new Set(Object.values(cases).map(({ rule }) => rule));
    expect(rules.filter(([, rule]) => !covered.has(rule)).map(([name]) => name)).toEqual([]);
  });
});
