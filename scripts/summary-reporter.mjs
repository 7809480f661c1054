// A Vitest reporter that leaves the counts, and what was skipped and why, in a file for scripts/test.mjs.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state) => tests.filter((test) => test.result().state === state);
    // A file that cannot be loaded has no tests; it counts as one that failed.
    const broken = modules.filter((module) => module.errors().length > 0);
    const summary = {
      passed: inState("passed").length,
      failed: inState("failed").length + broken.length + unhandledErrors.length,
      skipped: [...inState("skipped"), ...inState("pending")].map((test) => ({
        file: test.module.relativeModuleId,
        name: test.fullName,
        reason: test.result().note ?? "no reason given",
      })),
    };
    const path = process.env.CORACLE_TEST_SUMMARY;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify(summary));
  }
}
